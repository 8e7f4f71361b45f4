import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { answeringServer, withTokens } from "../test/support/answering-server.ts";
import { fromSandbox } from "./node.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A data folder with the file that a sandbox leaves, and what comes in at its address. */
async function sandbox(accountId: string) {
  const folder = mkdtempSync(join(tmpdir(), "tk-sdk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { url, received } = await answeringServer(withTokens(() => ({ body: {} })));
  const file = { http_url: url, mqtt_url: "", account_id: accountId, client_id: "c", client_secret: "s" };
  writeFileSync(join(folder, "sandbox.json"), JSON.stringify(file));
  return { folder, url, paths: () => received.map((request) => request.url) };
}

test("finds the sandbox in the folder, in that of the environment, and another server by the environment", async () => {
  const [named, set] = [await sandbox("T1"), await sandbox("T2")];
  vi.stubEnv("TILLKEEPER_DATA_DIR", set.folder);
  await fromSandbox({ folder: named.folder }).stores.get("S1");
  await fromSandbox().stores.get("S2");
  const credentials = { URL: set.url, ACCOUNT: "T3", CLIENT_ID: "c", CLIENT_SECRET: "s" };
  for (const [name, value] of Object.entries(credentials)) vi.stubEnv(`TILLKEEPER_${name}`, value);
  await fromSandbox().stores.get("S3");
  // A folder that is named goes before the environment.
  await fromSandbox({ folder: named.folder }).stores.get("S4");
  const stores = (paths: string[]) => paths.filter((path) => path.includes("/stores/"));
  expect(stores(named.paths())).toEqual(["/v1/accounts/T1/stores/S1", "/v1/accounts/T1/stores/S4"]);
  expect(stores(set.paths())).toEqual(["/v1/accounts/T2/stores/S2", "/v1/accounts/T3/stores/S3"]);
});

test("says where it has looked", () => {
  expect(() => fromSandbox({ folder: "/nowhere" })).toThrow(
    "There is no sandbox at /nowhere/sandbox.json: start one with",
  );
});
