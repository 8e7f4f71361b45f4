import { rm } from "node:fs/promises";
import { join } from "node:path";
import { folderOfTest, folderOfTests } from "@tillkeeper/stage/folders";
import { send } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { world } from "@tillkeeper/stage/world";
import { pino } from "pino";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { startServer } from "../src/main.ts";
import { answerLogs, askForLogs, uploadLog } from "./support/logs.ts";
import { addRelease, newMaker } from "./support/releases.ts";

describe("a file that a row names and this server does not have", async () => {
  const files = folderOfTests("missing");
  const { server, tenant, device } = await world({
    own: { config: { files: { kind: "folder", path: files } } },
    device: "active",
  });

  it("is 503 and not 404: another server may have it", async () => {
    const command = await askForLogs(server, tenant, device);
    const { log_id: logId, ...result } = await uploadLog(command, "one\n");
    await answerLogs(device, command, { log_id: logId, ...result });
    const log = `/v1/accounts/${tenant.aid}/payments/admin/terminals/${device.terminalId}/logs/${logId}/content`;
    await expect.poll(async () => (await server.call("GET", log, tenant)).status).toBe(200);
    const maker = await newMaker(server, tenant);
    const release = await addRelease(server, tenant, maker, { version: "1" });
    const file = `/v1/accounts/${tenant.aid}/releases/${release.id}/file`;

    for (const folder of ["logs", "releases"]) await rm(join(files, folder), { recursive: true });
    const lines: string[] = [];
    const further = await startServer({
      config: {
        ...testConfig,
        audienceHosts: [...testConfig.audienceHosts],
        dataDir: folderOfTest("missing-data"),
        keyFile: inject("keyFile"),
        databaseUrl: server.database.url,
        files: { kind: "folder", path: files },
      },
      log: pino({ level: "error" }, { write: (line: string) => void lines.push(line) }),
    });
    onTestFinished(() => further.stop());
    for (const path of [log, file]) expect((await send(further.httpUrl, "GET", path, tenant)).status).toBe(503);
    const logged = lines.map((line) => JSON.parse(line) as { code: string; err: { message: string } });
    expect(logged).toMatchObject(
      ["logs", "releases"].map((folder) => ({
        code: "service_unavailable",
        err: { message: expect.stringMatching(`^the file ${folder}/\\S+ is not in the place of files`) },
      })),
    );
    for (const path of [log, file]) {
      const answer = await server.call("GET", path, tenant);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: "service_unavailable" } } });
      expect(answer.headers.get("retry-after")).toBe("30");
    }
  });
});
