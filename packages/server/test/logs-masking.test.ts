import { type ClientRequest, request } from "node:http";
import { gzipSync } from "node:zlib";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it, vi } from "vitest";
import { askForLogs, type LogCommand, sha256Of, uploadLog } from "./support/logs.ts";

/** 64 MiB of digits, the slowest text to mask, in some 65 KB. */
const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, "4111 1111 1111 1111,"));

describe("while one account sends logs that take long to mask", async () => {
  const { server, tenant: greedy } = await world({ own: {} });
  const devices: Device[] = [];
  const uploads: ClientRequest[] = [];
  const other = await server.account("T87000002");
  afterAll(async () => {
    for (const upload of uploads) upload.destroy();
    // The server also ends while logs are being masked.
    await Promise.all(devices.map((device) => device.leave()));
  });

  async function asked(tenant: Tenant, serial: string): Promise<LogCommand> {
    const device = await registerDevice(server, tenant, serial);
    devices.push(device);
    await device.hello();
    await device.next("welcome");
    return askForLogs(server, tenant, device, 600);
  }

  function sendBomb({ transfer }: LogCommand, ended: () => void): void {
    const upload = request(transfer.url, {
      method: "PUT",
      agent: false,
      headers: {
        authorization: `Bearer ${transfer.token}`,
        "content-type": "application/gzip",
        "content-digest": `sha-256=:${sha256Of(bomb, "base64")}:`,
      },
    });
    uploads.push(upload);
    upload.on("error", ended);
    upload.on("response", ended);
    upload.end(bomb);
  }

  it("another's logs are taken and its requests answered in between", async () => {
    const commands: LogCommand[] = [];
    for (let index = 0; index < 8; index += 1) commands.push(await asked(greedy, `GREEDY-${index}`));
    const small = await asked(other, "OTHER-1");
    let ended = 0;
    for (const command of commands) sendBomb(command, () => (ended += 1));
    const underWay = async () => (await server.db.sql.selectFrom("terminal_logs").select("id").execute()).length;
    await vi.waitUntil(async () => (await underWay()) === commands.length, { timeout: 30_000, interval: 20 });

    expect((await uploadLog(small, "a line\n".repeat(20_000))).size).toBeGreaterThan(0);
    for (let times = 0; times < 10; times += 1) {
      expect((await server.call("GET", "/v1/accounts/T87000002/terminals", { token: other.token })).status).toBe(200);
    }
    expect(ended).toBe(0);
  });
});
