import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readSandboxFile, scratch, startSandbox } from "./support/cli.ts";
import { accessToken, blocksOf, kindOf } from "./support/page.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const blocks = blocksOf(readFileSync(new URL("../../../docs/webhooks.md", import.meta.url), "utf8"));
const tools = ["curl", "bash", "npx"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);
/** Printed behind the output of each block. */
const mark = "== end of block ==";

test.skipIf(!tools)("the page on webhooks shows what the server answers", { timeout: 120_000 }, async () => {
  const place = scratch();
  await startSandbox({ ...place.env, TILLKEEPER_SANDBOX_ACCOUNT_ID: "T12345678" });
  const sandbox = readSandboxFile(place);
  const commands = blocks.map(({ command }) => `${command}\necho '${mark}'`);
  const output = execFileSync(
    "bash",
    ["--norc", "-uo", "pipefail", "-c", ["trap 'kill $(jobs -p)' EXIT", ...commands].join("\n")],
    {
      cwd: root,
      env: {
        PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
        TMPDIR: place.temporary,
        URL: sandbox.http_url,
        ACCOUNT: sandbox.account_id,
        TOKEN: await accessToken(sandbox),
      },
      encoding: "utf8",
    },
  );
  const outputs = output.split(`${mark}\n`);
  for (const [index, { shown }] of blocks.entries()) {
    if (shown === undefined) continue;
    const answer = (outputs[index] as string)
      .trimEnd()
      .split("\n")
      .findLast((line) => line.startsWith("{")) as string;
    expect(kindOf(JSON.parse(answer))).toMatchObject(kindOf(JSON.parse(shown)) as object);
  }
  expect(outputs).toHaveLength(blocks.length + 1);
});
