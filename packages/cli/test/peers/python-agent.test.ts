// @module-tag nightly: the agent in Python, which the device suite has in CI, too.

import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { describe, expect, it } from "vitest";
import { findingOf } from "../check-agent/output.ts";
import { partsOf } from "../check-agent/parts.ts";
import { startCli } from "../support/cli.ts";

const here = (path: string) => fileURLToPath(new URL(`../../../../conformance/python-agent/${path}`, import.meta.url));

describe.concurrent("tillkeeper check-agent", () => {
  const logins = {
    "a password": { login: '--password "$AGENT_CREDENTIALS_FILE"', options: [], journal: "journal.json", skipped: [] },
    "a code to pair by": {
      login: '--serial "$AGENT_SERIAL" --code "$AGENT_CODE"',
      options: ["--pairing"],
      // The copy contains the keys and the counter as well, so only the server can tell that it is old.
      journal: "",
      skipped: ["new-address", "journal-deleted"],
    },
  };
  const runs = Object.entries(logins).flatMap(([name, how]) =>
    partsOf(3).map(([part, cases]) => ({ name, part, cases, ...how })),
  );
  it.for(runs)("passes the Python agent with $name: $part", async (run, { onTestFinished }) => {
    const { part, cases, login, options, journal, skipped } = run;
    const made = folderOfTest("check", onTestFinished);
    const state = join(made, "device");
    const agent = `exec /usr/bin/python3 ${here("agent.py")} --transport mqtt --state ${state} --server "$AGENT_SERVER"`;
    const commands = {
      "--start": `mkdir -p ${state}; ${agent} ${login}`,
      "--journal": join(state, journal),
      "--close-by-hand": `/usr/bin/python3 ${here("reader.py")} ${state}`,
      "--timeout-factor": "10",
    };
    const env = { TMPDIR: tmpdir(), PYTHONDONTWRITEBYTECODE: "1" };
    const cli = startCli(
      ["check-agent", "--json", ...options, ...Object.entries(commands).flat(), "--only", ...cases],
      env,
    );
    onTestFinished(async () => void (await cli.stop()));
    expect(findingOf(await cli.ended)).toEqual({ code: 0, broken: [], skipped: part === "level 2" ? skipped : [] });
  });
});

describe("the Python agent", () => {
  it("passes its own tests", async () => {
    const run = promisify(execFile)("/usr/bin/python3", ["-B", "-m", "unittest"], { cwd: here(".") });
    // A failed test rejects the promise, with the output. A run without tests does not, so the output is checked.
    expect((await run).stderr).toMatch(/\nRan [1-9]\d+ tests in [\d.]+s\n\nOK\n$/);
  });
});
