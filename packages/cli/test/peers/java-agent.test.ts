// @module-tag nightly: the agent in Java, built here.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderOfTest, folderOfTests } from "@tillkeeper/stage/folders";
import { beforeAll, describe, expect, it } from "vitest";
import { findingOf } from "../check-agent/output.ts";
import { partsOf } from "../check-agent/parts.ts";
import { startCli } from "../support/cli.ts";

const sources = fileURLToPath(new URL("../../../../conformance/java-agent/src/", import.meta.url));

function build(into: string): void {
  const files = readdirSync(sources).map((name) => join(sources, name));
  execFileSync("javac", ["--release", "17", "-Xlint:all", "-Werror", "-d", into, ...files], { stdio: "pipe" });
}

describe.concurrent("tillkeeper check-agent", () => {
  const classes = folderOfTests("classes");
  beforeAll(() => build(classes));

  it.for(partsOf(2))("passes the Java agent, which has a password: %s", async ([, cases], { onTestFinished }) => {
    const made = folderOfTest("check", onTestFinished);
    const [memory, reader] = [join(made, "memory"), join(made, "reader")];
    const counter = join(made, "counter.json");
    const files = `--journal ${memory}/journal.json --counter ${counter} --reader ${reader}`;
    const commands = {
      "--start": `mkdir -p ${memory}; exec java -cp ${classes} Main --credentials "$AGENT_CREDENTIALS_FILE" ${files}`,
      "--journal": memory,
      "--close-by-hand": `java -cp ${classes} Reader ${reader}`,
      "--timeout-factor": "10",
    };
    const cli = startCli(["check-agent", "--json", ...Object.entries(commands).flat(), "--only", ...cases], {
      TMPDIR: tmpdir(),
    });
    onTestFinished(async () => void (await cli.stop()));
    expect(findingOf(await cli.ended)).toEqual({ code: 0, broken: [], skipped: [] });
  });
});
