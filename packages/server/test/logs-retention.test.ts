import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { newId } from "../src/platform/ids.ts";
import { answerLogs, askForLogs, uploadLog } from "./support/logs.ts";

const dayMs = 86_400_000;

describe("the retention of logs", async () => {
  const files = folderOfTests("log-retention");
  const { server, tenant, device } = await world({
    own: { config: { files: { kind: "folder", path: files }, logDays: 2 } },
    device: "active",
  });

  /** Moves the clock by days, and gets a token of that time. */
  async function advance(days: number): Promise<void> {
    server.clock.advance(days * dayMs);
    Object.assign(tenant, await server.account(tenant.aid, { clientId: `client-after-${randomUUID()}` }));
  }

  const pathOf = (name: string) => join(files, name);
  const names = async () =>
    (await server.db.sql.selectFrom("terminal_logs").select("name").orderBy("id").execute()).map(({ name }) => name);

  async function stored(): Promise<{ id: string; name: string }> {
    const command = await askForLogs(server, tenant, device);
    const result = await uploadLog(command);
    const receipts = device.received.filter(({ channel }) => channel === "receipt").length;
    await answerLogs(device, command, result);
    await device.next("receipt", receipts);
    return { id: result.log_id, name: `logs/${tenant.aid.toLowerCase()}/${result.log_id}.gz` };
  }

  /** A row of an upload whose server died, with or without its file. */
  async function abandoned(state: "receiving" | "removing", withFile: boolean): Promise<string> {
    const at = server.clock.now();
    const id = newId(at);
    const name = `logs/${tenant.aid.toLowerCase()}/${id}.gz`;
    await server.db.sql
      .insertInto("terminal_logs")
      .values({
        account_id: tenant.aid,
        id,
        terminal_id: device.terminalId,
        operation_id: newId(at),
        device_serial_number: "83000001",
        state,
        received_sha256: Buffer.alloc(32),
        name,
        created_at: at,
      })
      .execute();
    if (withFile) writeFileSync(pathOf(name), "half a log");
    return name;
  }

  it("removes what is older than its days, and nothing younger", { tags: "replicas" }, async () => {
    const old = await stored();
    await advance(1.5);
    const young = await stored();
    await advance(0.6);
    await server.restart();
    await vi.waitUntil(async () => (await names()).length === 1);
    expect(await names()).toEqual([young.name]);
    expect([existsSync(pathOf(old.name)), existsSync(pathOf(young.name))]).toEqual([false, true]);
    const base = `/v1/admin/terminals/${device.terminalId}/logs`;
    expect((await server.call("GET", `${base}/${old.id}/content`, tenant)).status).toBe(404);
    expect((await server.call("GET", base, tenant)).body).toMatchObject([{ id: young.id }]);
  });

  it("removes what dying servers have left of uploads: rows, files and drafts", { tags: "replicas" }, async () => {
    const before = await names();
    const left = [
      await abandoned("receiving", true),
      await abandoned("receiving", false),
      await abandoned("removing", true),
    ];
    mkdirSync(pathOf(".drafts"), { recursive: true });
    writeFileSync(pathOf(".drafts/fresh"), "perhaps being written by another server");
    await server.restart();
    // An upload that may still be running is not touched.
    await vi.waitUntil(async () => !(await names()).includes(left[2] as string));
    expect(await names()).toEqual([...before, ...left.slice(0, 2)]);
    await server.restart(() => server.clock.advance(3_700_000));
    await vi.waitUntil(async () => (await names()).length === before.length);
    expect(left.map((name) => existsSync(pathOf(name)))).toEqual([false, false, false]);
    // Files are removed after their rows are marked.
    await vi.waitFor(() => expect(readdirSync(pathOf(".drafts"))).toEqual(["fresh"]));
  });

  it("goes on with the others when files cannot be removed, however many, and tries those again", async () => {
    const before = await names();
    const stuck: string[] = [];
    // More than one page of the removal.
    for (let index = 0; index < 101; index += 1) {
      const name = await abandoned("removing", false);
      mkdirSync(join(pathOf(name), "in the way"), { recursive: true });
      stuck.push(name);
    }
    server.clock.advance(1_000);
    const behind = await abandoned("removing", true);
    await server.restart();
    await vi.waitUntil(async () => !(await names()).includes(behind));
    expect(existsSync(pathOf(behind))).toBe(false);
    expect(await names()).toHaveLength(before.length + stuck.length);
    for (const name of stuck) rmSync(pathOf(name), { recursive: true });
    await server.restart();
    await vi.waitUntil(async () => (await names()).length === before.length);
  });
});
