import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { expect, onTestFinished, test } from "vitest";
import { makeScratch, startCli } from "./support/cli.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Printed behind what each program prints. */
const mark = "== end ==";

/** The programs of the page in their order, each with what stands behind it. */
function programsOf(page: string): { code: string; shown: string | undefined }[] {
  return [...page.matchAll(/^```ts\n([^]*?)^```\n(?:\n^```text\n([^]*?)^```$)?/gm)].map(([, code = "", shown]) => ({
    code,
    shown,
  }));
}

test("the page on the SDK prints what it shows", { timeout: 120_000 }, async () => {
  const place = makeScratch();
  const sandbox = startCli(["sandbox"], { ...place.env, TILLKEEPER_SANDBOX_ACCOUNT_ID: "T12345678" });
  onTestFinished(async () => {
    await sandbox.stop();
    place.remove();
  });
  await sandbox.until(/Ctrl-C ends it\.\n/);
  const programs = programsOf(readFileSync(`${root}docs/sdk.md`, "utf8"));
  expect(programs.length).toBeGreaterThan(5);
  const module = programs.map(({ code }) => `${code}\nconsole.log("${mark}");`).join("\n");
  const command = [process.execPath, "--input-type=module-typescript", "--eval", module];
  const env = { PATH: process.env["PATH"] ?? "", TILLKEEPER_DATA_DIR: place.data };
  const { code, stdout, stderr } = await new Program(command, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] })
    .ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const printed = stdout.split(`${mark}\n`).map(linesOf);
  for (const [index, { shown }] of programs.entries()) {
    expect(shown, `program ${index + 1} shows what it prints`).toBeDefined();
    const lines = linesOf(shown ?? "");
    // How often a closing changes on its way depends on the terminals: the first line and the last ones stay.
    if (index === 0) expect([printed[0]?.[0], ...(printed[0]?.slice(-3) ?? [])]).toEqual(lines);
    else expect(printed[index]).toEqual(lines);
  }
});

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
}
