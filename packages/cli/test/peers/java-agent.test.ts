import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { JavaAgent } from "../../../server/test/support/java-agent.ts";
import { findingOf } from "../check-agent/output.ts";
import { startCli } from "../support/cli.ts";

describe("tillkeeper check-agent", () => {
  let java: JavaAgent;
  beforeAll(async () => {
    java = await JavaAgent.compile();
  });
  afterAll(() => java?.remove());

  it("passes the Java agent on level 2", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tk-check-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const commands = {
      "--start": `exec ${java.args(folder, '"$AGENT_CREDENTIALS_FILE"').join(" ")}`,
      "--journal": join(folder, "journal"),
      "--close-by-hand": java.closeArgs(folder).join(" "),
      "--timeout-factor": "5",
      "--level": "2",
    };
    const options = Object.entries(commands).flat();
    const cli = startCli(["check-agent", "--json", ...options], { TMPDIR: tmpdir() });
    onTestFinished(async () => void (await cli.stop()));
    expect(findingOf(await cli.ended)).toEqual({ code: 0, broken: [], skipped: [] });
  });
});
