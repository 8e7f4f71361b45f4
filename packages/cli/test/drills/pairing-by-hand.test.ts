import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { expect, test } from "vitest";
import { readSandboxFile, scratch, startSandbox } from "../support/cli.ts";

const page = readFileSync(new URL("../../../../docs/device-protocol/pairing.md", import.meta.url), "utf8");
const script = /<!-- pairing by hand -->\s+```bash\n([^]*?)```/.exec(page)?.[1] ?? "";
const tools = ["openssl", "curl", "bash"].every((tool) => spawnSync(tool, ["--help"]).error === undefined);

test.skipIf(!tools)("the page on the device protocol pairs by hand as it says", async () => {
  const place = scratch();
  await startSandbox(place.env);
  const { http_url: server, account_id, client_id, client_secret } = readSandboxFile(place);
  const post = async (path: string, authorization: string, body: object) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${server}/v1/accounts/${account_id}${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { access_token: string; terminal_id: string; pairing: { code: string } };
  };
  const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}`;
  const audience = `${server}/v1/accounts/${account_id}`;
  const { access_token } = await post("/auth/token", basic, { grant_type: "client_credentials", audience });
  const body = { device_serial_number: "BY-HAND", store_id: "oslo-center" };
  const { terminal_id, pairing } = await post("/terminals", `Bearer ${access_token}`, body);

  const folder = folderOfTest("by-hand");
  const env = { PATH: process.env["PATH"], SERVER: server, SERIAL: "BY-HAND", CODE: pairing.code };
  const output = execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", script], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toMatchObject({ terminal_id, token: expect.any(String) });
});
