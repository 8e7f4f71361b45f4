import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { expect, it } from "vitest";

const program = tillkeeper.map((word) => `'${word}'`).join(" ");

/** What bash offers where a person presses the tab key. */
async function inBash(line: string): Promise<string[]> {
  const script = [
    "source /usr/share/bash-completion/bash_completion",
    `tillkeeper() { ${program} "$@"; }`,
    'eval "$(tillkeeper complete bash)"',
    `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_TYPE=9`,
    "read -ra COMP_WORDS <<<\"$COMP_LINE\"; if [[ $COMP_LINE == *' ' ]]; then COMP_WORDS+=(''); fi",
    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))",
    // As bash calls it, with the function that the script has registered.
    '"$(complete -p tillkeeper | sed "s/.*-F \\([^ ]*\\).*/\\1/")"',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join("\n");
  // bash warns on standard error that options of a completion are set outside of one.
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script]);
  return stdout.split("\n").filter((word) => word !== "");
}

/** What fish offers there. */
async function inFish(line: string): Promise<string[]> {
  const script = [
    `function tillkeeper; ${program} $argv; end`,
    "tillkeeper complete fish | source",
    `complete -C '${line}'`,
  ].join("\n");
  const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", script]);
  return stdout
    .split("\n")
    .filter((word) => word !== "")
    .map((entry) => entry.split("\t")[0] ?? "");
}

it.for([
  { shell: "bash", press: inBash },
  { shell: "fish", press: inFish },
])("$shell completes commands, flags and choices", async ({ press }) => {
  expect(await press("tillkeeper time")).toEqual(["timeline"]);
  expect(await press("tillkeeper stores resu")).toEqual(["resume"]);
  expect(await press("tillkeeper close oslo-center --whe")).toEqual(["--when-busy"]);
  expect((await press("tillkeeper sim link T12345678-T0001 ")).toSorted()).toEqual(["down", "up"]);
});
