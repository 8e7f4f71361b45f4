import { gzipSync } from "node:zlib";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type LogCommand, openUploads, uploadLog } from "./support/logs.ts";

/** 64 MiB of digits, the slowest text to mask, in some 65 KB. */
const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, "4111 1111 1111 1111,"));

describe("while one account sends logs that take long to mask", async () => {
  const { server, tenant: greedy } = await world({ own: {} });
  const other = await server.account("T87000002");
  const { asked, begin, end } = openUploads(server);
  // The server also ends while logs are being masked.
  afterAll(end);

  function sendBomb(command: LogCommand, ended: () => void): void {
    const upload = begin(command, bomb);
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
