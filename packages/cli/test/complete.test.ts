import { expect, test } from "vitest";
import { scratch, startCli } from "./support/cli.ts";

/** The words that may come next. */
async function next(...words: string[]) {
  const { code, stdout, stderr } = await startCli(["complete", "--", ...words], scratch().env).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  // The last line tells the shell that files are no answer.
  expect(lines.pop()).toBe(":4");
  return lines.map((line) => line.split("\t")[0] ?? "");
}

test.for([
  { words: ["time"], expected: ["timeline"] },
  { words: ["stores", "res"], expected: ["resume"] },
  { words: ["sim", "link", "T1", ""], expected: ["up", "down"] },
  { words: ["operations", "create", "T1", "send"], expected: ["send_logs"] },
  { words: ["operations", "send", "T1", "open"], expected: ["open_menu"] },
  { words: ["operations", "send", "T1", "open_menu", "--wh"], expected: ["--when-busy"] },
  { words: ["close", "oslo-center", "--when"], expected: ["--when-busy"] },
  { words: ["nonsense", "and", "--m"], expected: [] },
])("$words: $expected", async ({ words, expected }) => {
  expect((await next(...words)).toSorted()).toEqual(expected.toSorted());
});

test.for(["bash", "zsh", "fish", "powershell"])("prints the script of %s, which asks this program", async (shell) => {
  const { code, stdout } = await startCli(["complete", shell], scratch().env).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/tillkeeper['"]? complete ['"]?--/);
});

test("a shell that it does not know is refused with those that it knows", async () => {
  const { code, stdout, stderr } = await startCli(["complete", "tcsh"], scratch().env).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/Allowed choices are zsh, bash, fish, powershell/);
});
