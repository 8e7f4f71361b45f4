import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "@tillkeeper/agent/agent";
import { checkUpdate, type Versions } from "@tillkeeper/agent/files/updates";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it, vi } from "vitest";
import { addRelease, newMaker } from "./support/releases.ts";

const base = "/v1/admin/terminals/operations";

describe("check_update of a virtual terminal", async () => {
  const played = folderOfTests("virtual");
  const fleet = createVirtualFleet({ folder: played, durationMs: { shortest: 1, longest: 5 } });
  // Once the server has ended.
  afterAll(async () => {
    await fleet.stopAll();
  });
  const { server, tenant } = await world({ own: { virtualTerminalHost: fleet } });
  let registered = 0;
  const maker = await newMaker(server, tenant);
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });

  async function register(device_model: string): Promise<string> {
    registered += 1;
    const device_serial_number = `SIMULATED-${tenant.aid}-${String(registered).padStart(3, "0")}`;
    const body = { device_serial_number, store_id: "S312", device_model };
    return (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body.terminal_id;
  }

  async function check(terminalId: string, operation = "check_update") {
    const sent = await server.call("POST", base, { ...tenant, body: { terminal_id: terminalId, operation } });
    expect(sent.status).toBe(201);
    const get = async () => (await server.call("GET", `${base}/${sent.body.id}`, tenant)).body;
    await vi.waitUntil(async () => (await get()).status !== "PENDING", { interval: 10 });
    return get();
  }

  const configurationOf = async (id: string) =>
    (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${id}/configuration`, tenant)).body;

  it("finds nothing where there is nothing, and invents nothing", async () => {
    const terminal = await register("EMPTY");
    const { status, result } = await check(terminal);
    expect(status).toBe("COMPLETED");
    expect(result).toEqual({
      current_version: "4.2.0",
      latest_version: "4.2.0",
      update_available: false,
      configuration_version: "0",
    });
  });

  it("fetches a release and a configuration, installs, restarts after the receipt, and runs the new version", async () => {
    const terminal = await register("FLOW");
    const { body: laid } = await server.call("POST", `/v1/accounts/${tenant.aid}/configurations`, {
      ...tenant,
      body: { device_model: "FLOW", content: { brightness: 80 } },
    });
    await addRelease(server, tenant, maker, { device_model: "FLOW", version: "4.3.0-rc1" });
    await addRelease(server, tenant, maker, {
      device_model: "FLOW",
      version: "4.3.0",
      content: randomBytes(2_000_000),
    });
    await addRelease(server, tenant, maker, { device_model: "FLOW", version: "4.2.9" });
    await addRelease(server, tenant, maker, { device_model: "OTHER", version: "9.0" });

    expect((await check(terminal)).result).toEqual({
      current_version: "4.2.0",
      latest_version: "4.3.0",
      update_available: true,
      configuration_version: laid.version,
    });
    expect(await configurationOf(terminal)).toMatchObject({
      reported: { configuration_version: laid.version },
      up_to_date: true,
    });
    // The terminal may be restarting: the new version carries out commands that arrive now.
    expect((await check(terminal)).result).toEqual({
      current_version: "4.3.0",
      latest_version: "4.3.0",
      update_available: false,
      configuration_version: laid.version,
    });
    expect((await configurationOf(terminal)).reported.software_version).toBe("4.3.0");
    const state = JSON.parse(await readFile(join(played, `${terminal}.json`), "utf8"));
    expect(state.state).toMatchObject({ software_version: "4.3.0", configuration_version: laid.version });
    expect((await readdir(played)).filter((name) => !name.endsWith(".json"))).toEqual([]);
    // The business day continues over an update.
    expect(await check(terminal, "end_of_day")).toMatchObject({ status: "COMPLETED" });
    expect((await check(terminal)).result.current_version).toBe("4.3.0");
  });

  it("never leads back to an older version, nor to one that is withdrawn", async () => {
    const terminal = await register("BACK");
    await addRelease(server, tenant, maker, { device_model: "BACK", version: "4.1" });
    expect((await check(terminal)).result).toMatchObject({ latest_version: "4.2.0", update_available: false });
    const { id } = await addRelease(server, tenant, maker, { device_model: "BACK", version: "5.0" });
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/releases/${id}`, tenant);
    expect((await check(terminal)).result).toMatchObject({ latest_version: "4.2.0", update_available: false });
    await addRelease(server, tenant, maker, { device_model: "BACK", version: "5.1" });
    expect((await check(terminal)).result).toMatchObject({ current_version: "4.2.0", latest_version: "5.1" });
    expect((await check(terminal)).result).toMatchObject({ current_version: "5.1", update_available: false });
  });

  it("refuses a file that was tampered with, says so, and goes on with what it runs", async () => {
    const terminal = await register("TAMPERED");
    const { id } = await addRelease(server, tenant, maker, { device_model: "TAMPERED", version: "6.0" });
    const path = join(filesOf(server.database.url).path, "releases", tenant.aid.toLowerCase(), id);
    const file = await readFile(path);
    file.writeUInt8(file.readUInt8(10) ^ 1, 10);
    await writeFile(path, file);
    expect(await check(terminal)).toMatchObject({
      status: "FAILED",
      reason: "refused",
      error: { code: "bad_checksum", message: expect.any(String) },
    });
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/releases/${id}`, tenant);
    expect((await check(terminal)).result).toMatchObject({ current_version: "4.2.0", update_available: false });
  });

  it("refuses what another key has signed than it trusts, whatever the server's database says", async () => {
    const terminal = await register("FORGED");
    const { id } = await addRelease(server, tenant, maker, { device_model: "FORGED", version: "6.0" });
    const other = await newMaker(server, tenant);
    const update = (change: object) => server.db.sql.updateTable("releases").set(change).where("id", "=", id).execute();
    await update({ key_id: other.keyId });
    expect(await check(terminal)).toMatchObject({ reason: "refused", error: { code: "bad_signature" } });
    await update({ key_id: maker.keyId, version: "6.1" });
    expect(await check(terminal)).toMatchObject({ reason: "refused", error: { code: "bad_signature" } });
    await update({ version: "6.0" });
    expect((await check(terminal)).result).toMatchObject({ latest_version: "6.0", update_available: true });
  });

  it("is not offered what a revoked key has signed", async () => {
    const terminal = await register("REVOKED");
    const former = await newMaker(server, tenant);
    const { id } = await addRelease(server, tenant, former, { device_model: "REVOKED", version: "7.0" });
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/release-keys/${former.keyId}`, tenant);
    const { body } = await server.call("GET", `/v1/accounts/${tenant.aid}/releases/${id}`, tenant);
    expect(body).toMatchObject({ status: "available", offered: false });
    expect((await check(terminal)).result).toMatchObject({ latest_version: "4.2.0", update_available: false });
  });

  describe("by the agent library, on a device of one's own", () => {
    const downloads = folderOfTests("downloads");
    let agent: Agent<Versions>;
    afterAll(async () => {
      await agent.stop();
    });

    it("makes a terminal ACTIVE whose device paired, and fails it where its key is not trusted", async () => {
      const { body: terminal } = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, {
        ...tenant,
        body: { device_serial_number: "OWN-1", store_id: "S312", device_model: "OWN" },
      });
      const { terminal_id: terminalId } = terminal;
      const path = `/v1/accounts/${tenant.aid}/terminals/${terminalId}`;
      const { body: credential } = await server.call("POST", `${path}/credentials`, tenant);
      const status = async () => (await server.call("GET", path, tenant)).body.status;
      const installed: string[] = [];
      const trusted: ReleasePublicKey[] = [];
      const receipts: string[] = [];
      agent = new Agent<Versions>({
        credential: { ...credential, url: credential.mqtt_url },
        agentName: "own/1",
        journal: memoryJournal<Versions>({ software_version: "1.0" }),
        handlers: {
          check_update: checkUpdate<Versions>({
            trustedKeys: () => trusted,
            deviceModel: "OWN",
            running: (state) => state,
            folder: downloads,
            install: async ({ version }, file) => void installed.push(version, await readFile(file, "base64")),
            remember: (state, changed) => ({ ...state, ...changed }),
          }),
        },
        receipted: (id) => void receipts.push(id),
      });
      agent.start();
      await vi.waitUntil(async () => (await status()) === "ACTION_REQUIRED");
      const { content } = await addRelease(server, tenant, maker, { device_model: "OWN", version: "1.1" });

      const distrusted = await check(terminalId);
      expect(distrusted).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "unknown_release_key" } });
      expect(await status()).toBe("ACTION_REQUIRED");
      trusted.push(maker.publicKey);
      const { id, result } = await check(terminalId);
      expect(result).toMatchObject({ current_version: "1.0", latest_version: "1.1", update_available: true });
      expect(await status()).toBe("ACTIVE");
      expect(installed).toEqual(["1.1", content.toString("base64")]);
      await vi.waitUntil(() => receipts.includes(id), { interval: 5 });
      expect(await readdir(downloads)).toEqual([]);
    });
  });

  it("is not offered what another account has", async () => {
    const stranger = await server.account();
    await addRelease(server, stranger, await newMaker(server, stranger), { device_model: "THEIRS", version: "8.0" });
    await server.call("POST", `/v1/accounts/${stranger.aid}/configurations`, { ...stranger, body: { content: {} } });
    const terminal = await register("THEIRS");
    expect((await check(terminal)).result).toMatchObject({ latest_version: "4.2.0", configuration_version: "0" });
  });
});
