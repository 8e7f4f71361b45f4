import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { startCli } from "../support/cli.ts";

const program = fileURLToPath(new URL("../check-client/first-attempt.py", import.meta.url));

/** All scenarios, one after the other, with a program in Python that makes many mistakes at once. */
it("tillkeeper check-client finds in a first attempt all that will go wrong with it", async ({ onTestFinished }) => {
  const cli = startCli(["check-client", "--exit-code", "--json", "--", "python3", program], {});
  onTestFinished(async () => void (await cli.stop()));
  const { code, stdout } = await cli.ended;
  expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toEqual({
    event: "end",
    kept: 11,
    broken: 10,
    not_tried: 1,
    rules: [
      "key-kept",
      "waits-409",
      "waits-429",
      "waits-503",
      "reads-to-end",
      "poll-pace",
      "timeout-open",
      "outcome-told",
      "token-kept",
      "refusal-final",
    ],
  });
  expect(code).toBe(1);
});
