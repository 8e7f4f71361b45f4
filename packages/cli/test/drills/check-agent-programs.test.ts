// @module-tag nightly: a server for each agent that is checked.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { findingOf, readOutput } from "../check-agent/output.ts";
import { partsOf } from "../check-agent/parts.ts";
import { startCli } from "../support/cli.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const node = process.execPath;
const parts = partsOf(3);

/** The context of a concurrent test, which registers its own clean-up. */
type Cleanup = Pick<TestContext, "onTestFinished">;

function folder({ onTestFinished }: Cleanup): string {
  const made = mkdtempSync(join(tmpdir(), "tk-check-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return join(made, "device");
}

async function runCheckAgent({ onTestFinished }: Cleanup, cases: readonly string[], ...more: string[]) {
  // An agent that keeps the laws passes as soon as it answers, so longer time limits cost no time.
  const options = ["--json", "--timeout-factor", "5"];
  const cli = startCli(["check-agent", ...options, "--only", ...cases, ...more], { TMPDIR: tmpdir() });
  onTestFinished(async () => void (await cli.stop()));
  return findingOf(await cli.ended);
}

describe.concurrent("tillkeeper check-agent", () => {
  it.for(parts)("passes tillkeeper agent, which pairs: %s", async ([part, cases], context) => {
    const state = folder(context);
    const agent = `exec ${node} ${here("../../src/main.ts")} agent --transport mqtt --state ${state}`;
    const start = `${agent} --server "$AGENT_SERVER" --serial "$AGENT_SERIAL" --code "$AGENT_CODE"`;
    const finding = await runCheckAgent(context, cases, "--pairing", "--journal", state, "--start", start);
    expect(finding).toEqual({
      code: 0,
      broken: [],
      skipped: part === "level 2" ? ["close-by-hand", "new-address", "journal-deleted"] : [],
    });
  });

  it.for(parts.slice(1))("passes a virtual terminal with a password: %s", async ([, cases], context) => {
    const state = folder(context);
    const done = join(state, "by-hand");
    const wait = `while [ ! -e ${done} ]; do sleep 0.05; done; rm ${done}`;
    const finding = await runCheckAgent(
      context,
      cases,
      "--journal",
      join(state, "memory"),
      "--start",
      `mkdir -p ${state}; exec ${node} ${here("../check-agent/virtual-terminal.ts")} ${state}`,
      "--close-by-hand",
      `kill -USR2 $(cat ${state}/pid); ${wait}`,
    );
    expect(finding).toEqual({ code: 0, broken: [], skipped: [] });
  });

  it("passes a device that cannot do everything, and says so", async (context) => {
    const state = folder(context);
    const agent = `exec ${node} ${here("../../src/main.ts")} agent --transport mqtt --state ${state}`;
    const lacks = '--lacks send_logs end_of_day --server "$AGENT_SERVER" --serial "$AGENT_SERIAL" --code "$AGENT_CODE"';
    const finding = await runCheckAgent(context, ["abilities"], "--pairing", "--start", `${agent} ${lacks}`);
    expect(finding).toEqual({ code: 0, broken: [], skipped: [] });
  });

  it("says what was broken in words, in JSON and on a page, and exits with 1", async (context) => {
    const report = join(folder(context), "..", "report.html");
    // The program is no device: it never connects.
    const options = ["--only", "probe", "--timeout-factor", "0.002", "--report", report];
    const { code, stdout } = await startCli(["check-agent", ...options, "--start", "sleep 60"], {}).ended;
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining("broken   1  probe") });
    expect(stdout).toMatch(/Broken: section Connecting\. 0 cases passed, 1 broken, 0 skipped\.\n$/);
    expect(readFileSync(report, "utf8")).toMatch(/<td class="broken">broken .*<br>section Connecting/);
    const json = await startCli(["check-agent", ...options.slice(0, 4), "--start", "sleep 60", "--json"], {}).ended;
    expect(readOutput(json.stdout).at(-1)).toMatchObject({ event: "end", passed: 0, broken: 1 });
  });

  it("says in one line what it cannot do", async () => {
    const { code, stderr } = await startCli(["check-agent", "--only", "dance"], {}).ended;
    expect({ code, stderr }).toEqual({ code: 2, stderr: "There is no case dance; --help names them all.\n" });
  });
});
