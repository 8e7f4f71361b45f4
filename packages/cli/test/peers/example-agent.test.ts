import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { describe, expect, it } from "vitest";
import { findingOf } from "../check-agent/output.ts";
import { partsOf } from "../check-agent/parts.ts";
import { startCli } from "../support/cli.ts";

const program = fileURLToPath(new URL("../../../../examples/agent.py", import.meta.url));

describe.concurrent("examples/agent.py", () => {
  it.for(partsOf(2))("passes tillkeeper check-agent, up to level 2: %s", async ([, cases], { onTestFinished }) => {
    const made = folderOfTest("check", onTestFinished);
    const state = join(made, "device");
    const commands = {
      "--start": `mkdir -p ${state}; exec /usr/bin/python3 -B ${program} "$AGENT_CREDENTIALS_FILE" ${state}`,
      "--journal": join(state, "journal"),
      "--close-by-hand": `date +%s >${state}/batch`,
      "--timeout-factor": "10",
    };
    const cli = startCli(["check-agent", "--json", ...Object.entries(commands).flat(), "--only", ...cases], {
      TMPDIR: tmpdir(),
    });
    onTestFinished(async () => void (await cli.stop()));
    expect(findingOf(await cli.ended)).toEqual({ code: 0, broken: [], skipped: [] });
  });

  it("can be read at a sitting", () => {
    expect(readFileSync(program, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });
});
