import { gzipSync } from "node:zlib";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type LogCommand, openUploads, putLog, uploadLog } from "./support/logs.ts";

/** Half of the uploads that a server accepts at a time. */
const mostOfOne = 32;
const tries = 36;

describe("uploads of many terminals at once", async () => {
  const { server, tenant: greedy, aid } = await world();
  const other = await server.account("T86000002");
  const { asked, begin, end } = openUploads(server);
  afterAll(end);

  /** Sends the beginning of a log and no more; resolves when it is refused. */
  function hold(command: LogCommand): Promise<number | undefined> {
    const upload = begin(command, "x");
    upload.on("error", () => {});
    upload.write("a");
    return new Promise((resolve) => upload.once("response", (response) => resolve(response.statusCode)));
  }

  it("of one account leave room for another's, and for its own newer ones", async () => {
    const commands: LogCommand[] = [];
    for (let index = 0; index < tries; index += 1) commands.push(await asked(greedy, `GREEDY-${index}`));
    const refusals: (number | undefined)[] = [];
    for (const command of commands) void hold(command).then((status) => refusals.push(status));
    const logs = server.db.sql.selectFrom("terminal_logs").select("operation_id").where("account_id", "=", aid);
    const open = async () => (await logs.execute()).length;
    await vi.waitUntil(async () => refusals.length === tries - mostOfOne && (await open()) === mostOfOne, {
      timeout: 20_000,
      interval: 20,
    });
    expect(refusals).toEqual(Array.from({ length: tries - mostOfOne }, () => 503));

    const result = await uploadLog(await asked(other, "OTHER-1"));
    expect(result.size).toBeGreaterThan(0);
    // A repeated upload takes the place of the terminal's first one.
    const rows = await logs.limit(1).execute();
    const running = commands.find(({ operation_id }) => operation_id === rows[0]?.operation_id) as LogCommand;
    expect((await putLog(running, gzipSync("again\n"))).status).toBe(201);
  });
});
