import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { expect, it, vi } from "vitest";
import { addRelease, newMaker } from "../../support/releases.ts";
import { pairedDevice, type Scene } from "./device.ts";

/** The cases about software updates. */
export function updateCases(scene: Scene): void {
  const { stage } = scene;

  it("installs what its keys have signed, and nothing that was tampered with", async (context) => {
    const { server, tenant } = stage();
    const maker = await newMaker(server, tenant);
    const releaseKeys = `${stage().folder()}.json`;
    await writeFile(releaseKeys, JSON.stringify({ keys: [maker.publicKey] }));
    const model = `MODEL-${scene.program}`;
    const device = await pairedDevice(scene, context, { model, releaseKeys });
    const release = (version: string) => addRelease(server, tenant, maker, { device_model: model, version });
    const check = async () => stage().ended(await stage().send(device.id, "check_update"));

    const good = "100.1.0";
    await release(good);
    expect(await check()).toMatchObject({ result: { latest_version: good, update_available: true } });
    // The agent restarts after the update; the new version carries out the operations that arrive meanwhile.
    expect(await check()).toMatchObject({ result: { current_version: good, update_available: false } });
    const told = async () => (await stage().see.telemetry(device.id)).telemetry.software_version?.value;
    await vi.waitUntil(async () => (await told()) === good, { interval: 50 });

    const { id: damaged } = await release("100.2.0");
    await change(join(filesOf(server.database.url).path, "releases", tenant.aid.toLowerCase(), damaged));
    expect(await check()).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "bad_checksum" } });
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/releases/${damaged}`, tenant);

    const { id: forged } = await release("100.3.0");
    await server.db.sql.updateTable("releases").set({ version: "100.3.1" }).where("id", "=", forged).execute();
    expect(await check()).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "bad_signature" } });
    await server.db.sql.updateTable("releases").set({ version: "100.3.0" }).where("id", "=", forged).execute();
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/releases/${forged}`, tenant);

    await device.agent.stop();
    device.start();
    await device.online();
    expect(await check()).toMatchObject({ result: { current_version: good, update_available: false } });
  });

  it("installs nothing that was made for another model", async (context) => {
    const { server, tenant } = stage();
    const maker = await newMaker(server, tenant);
    const releaseKeys = `${stage().folder()}.json`;
    await writeFile(releaseKeys, JSON.stringify({ keys: [maker.publicKey] }));
    const other = `OTHER-${scene.program}`;
    const device = await pairedDevice(scene, context, { model: `THIS-${scene.program}`, releaseKeys }, other);
    await addRelease(server, tenant, maker, { device_model: other, version: "100.1.0" });
    const ended = await stage().ended(await stage().send(device.id, "check_update"));
    expect(ended).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "bad_signature" } });
  });

  it("installs nothing without keys to trust", async (context) => {
    const { server, tenant } = stage();
    const model = `UNTRUSTED-${scene.program}`;
    const device = await pairedDevice(scene, context, { model });
    await addRelease(server, tenant, await newMaker(server, tenant), { device_model: model, version: "100.1.0" });
    const ended = await stage().ended(await stage().send(device.id, "check_update"));
    expect(ended).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "unknown_release_key" } });
    expect(await stage().statusOf(device.id)).toBe("ACTION_REQUIRED");
  });
}

/** Changes the content of a file, but not its size. */
async function change(path: string): Promise<void> {
  const file = await readFile(path);
  file.writeUInt8(file.readUInt8(10) ^ 1, 10);
  await writeFile(path, file);
}
