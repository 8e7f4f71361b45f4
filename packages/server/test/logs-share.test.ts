import { type ClientRequest, request } from "node:http";
import { gzipSync } from "node:zlib";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it, vi } from "vitest";
import { askForLogs, type LogCommand, putLog, sha256Of, uploadLog } from "./support/logs.ts";

/** Half of the uploads that a server accepts at a time. */
const mostOfOne = 32;
const tries = 36;

describe("uploads of many terminals at once", async () => {
  const { server, tenant: greedy } = await world({ own: {} });
  const devices: Device[] = [];
  const uploads: ClientRequest[] = [];
  const other = await server.account("T86000002");
  afterAll(async () => {
    for (const upload of uploads) upload.destroy();
    await Promise.all(devices.map((device) => device.leave()));
  });

  async function asked(tenant: Tenant, serial: string): Promise<LogCommand> {
    const device = await registerDevice(server, tenant, serial);
    devices.push(device);
    await device.hello();
    await device.next("welcome");
    return askForLogs(server, tenant, device, 600);
  }

  /** Sends the beginning of a log and no more; resolves when it is refused. */
  function begin({ transfer }: LogCommand): Promise<number | undefined> {
    const upload = request(transfer.url, {
      method: "PUT",
      agent: false,
      headers: {
        authorization: `Bearer ${transfer.token}`,
        "content-type": "text/plain",
        "content-digest": `sha-256=:${sha256Of("x", "base64")}:`,
      },
    });
    uploads.push(upload);
    upload.on("error", () => {});
    upload.write("a");
    return new Promise((resolve) => upload.once("response", (response) => resolve(response.statusCode)));
  }

  it("of one account leave room for another's, and for its own newer ones", async () => {
    const commands: LogCommand[] = [];
    for (let index = 0; index < tries; index += 1) commands.push(await asked(greedy, `GREEDY-${index}`));
    const refusals: (number | undefined)[] = [];
    for (const command of commands) void begin(command).then((status) => refusals.push(status));
    const open = async () => (await server.db.sql.selectFrom("terminal_logs").select("operation_id").execute()).length;
    await vi.waitUntil(async () => refusals.length === tries - mostOfOne && (await open()) === mostOfOne, {
      timeout: 20_000,
      interval: 20,
    });
    expect(refusals).toEqual(Array.from({ length: tries - mostOfOne }, () => 503));

    const result = await uploadLog(await asked(other, "OTHER-1"));
    expect(result.size).toBeGreaterThan(0);
    // A repeated upload takes the place of the terminal's first one.
    const rows = await server.db.sql.selectFrom("terminal_logs").select("operation_id").limit(1).execute();
    const running = commands.find(({ operation_id }) => operation_id === rows[0]?.operation_id) as LogCommand;
    expect((await putLog(running, gzipSync("again\n"))).status).toBe(201);
  });
});
