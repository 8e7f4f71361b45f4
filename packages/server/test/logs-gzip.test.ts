import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { answerLogs, askForLogs, putLog } from "./support/logs.ts";

describe("logs in several gzip members", async () => {
  const { server, tenant, device } = await world({ device: "active" });

  it("are taken as log rotation makes them, and masked over the seam", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tillkeeper-rotated-"));
    await Promise.all([
      writeFile(join(folder, "a"), "first\npan 41111111"),
      writeFile(join(folder, "b"), "11111111 ok\n"),
    ]);
    execFileSync("sh", ["-c", "gzip -c a >> l.gz; gzip -c b >> l.gz"], { cwd: folder });
    const rotated = await readFile(join(folder, "l.gz"));
    await rm(folder, { recursive: true, force: true });

    const command = await askForLogs(server, tenant, device);
    const { status, body } = await putLog(command, rotated);
    expect([status, body.masked_count]).toEqual([201, 1]);
    const path = `/v1/admin/terminals/${device.terminalId}/logs/${body.log_id}/content`;
    const file = await server.call<Buffer>("GET", path, tenant);
    expect(gunzipSync(file.body).toString()).toBe("first\npan 411111******1111 ok\n");
    const { log_id, size, sha256 } = body;
    await answerLogs(device, command, { log_id, size, sha256 });
    await device.next("receipt");
  });

  it("are refused when something follows that is none, or the last is not whole", async () => {
    const command = await askForLogs(server, tenant, device);
    const [first, second] = [gzipSync("first\n"), gzipSync("second\n")];
    const zeros = Buffer.alloc(40);
    for (const parts of [
      [first, second, Buffer.from("rest")],
      [first, second, zeros],
      [first, zeros, second],
      [first, zeros, Buffer.from("rest")],
      [first, second.subarray(0, 12)],
      [first, second.subarray(0, 1)],
      [first, Buffer.from("rest"), second],
    ]) {
      const answer = await putLog<{ error: object }>(command, Buffer.concat(parts));
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid_log" } } });
    }
  });
});
