import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, onTestFinished, test, vi } from "vitest";
import { askForLogs, putLog } from "../support/logs.ts";

test("a log that the server has no room for is refused by that name, and taken when there is room", async () => {
  const files = await mkdtemp(join(tmpdir(), "tillkeeper-full-files-"));
  const server = await startTestServer({ config: { files: { kind: "folder", path: files } } });
  onTestFinished(async () => {
    await server.stop();
    await rm(files, { recursive: true });
  });
  const tenant = await server.account("T82000003");
  const device = await activeDevice(server, tenant, "82000003");
  const command = await askForLogs(server, tenant, device);

  // Simulates a full disk where the server's own process writes.
  const any = await open(join(files, "any"), "w");
  await any.close();
  const full = vi
    .spyOn(Object.getPrototypeOf(any), "write")
    .mockRejectedValue(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
  onTestFinished(() => full.mockRestore());
  const refused = await putLog<{ error: object }>(command, gzipSync("a log\n"));
  expect(refused).toMatchObject({ status: 503, body: { error: { code: "storage_full" } } });
  expect(refused.headers.get("retry-after")).toBe("2");
  full.mockRestore();
  expect((await putLog(command, gzipSync("a log\n"))).status).toBe(201);
  await device.leave();
});
