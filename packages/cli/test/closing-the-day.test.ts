import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readSandboxFile, scratch, startSandbox } from "./support/cli.ts";
import { accessToken, blocksOf, kindOf, namesIn } from "./support/page.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const blocks = blocksOf(readFileSync(new URL("../../../docs/closing-the-day.md", import.meta.url), "utf8"));
const tools = ["curl", "bash", "npx"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);
/** Printed behind the output of each block. */
const mark = "== end of block ==";

test.skipIf(!tools)("the page on closing the day shows what the server answers", { timeout: 120_000 }, async () => {
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
  const named: [string, string][] = [];
  for (const [index, { shown }] of blocks.entries()) {
    if (shown === undefined) continue;
    const answer = (outputs[index] as string).trimEnd().split("\n").at(-1) as string;
    expect(kindOf(JSON.parse(answer))).toMatchObject(kindOf(JSON.parse(shown)) as object);
    named.push(...namesIn(JSON.parse(shown), JSON.parse(answer)));
  }
  // One id or day of the page is one in the answers, and two are two: the second request goes on with the first closing.
  const pairs = new Set(named.map((pair) => pair.join(" is ")));
  const sides = [0, 1].map((side) => new Set(named.map((pair) => pair[side])));
  expect(sides.map(({ size }) => size)).toEqual([pairs.size, pairs.size]);
  expect(pairs.size).toBeGreaterThan(5);
});
