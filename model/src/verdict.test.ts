import { describe, expect, it } from "vitest";
import type { Model } from "./model.ts";
import { readSearch } from "./search.ts";
import type { Found } from "./spin.ts";
import { judge, neverTaken, unmatchedVariants } from "./verdict.ts";

const protocol: Model = { program: "protocol", name: "as it is", about: "", defines: [], checks: "promises" };
const variant: Model = { ...protocol, name: "late-start", defines: ["BROKEN_LATE_START"], breaks: "BEGUN_LATE" };

/** Returns an output of `pan`, with one more line at the beginning and at the end. */
const output = (errors: number, first = "", last = "") => `${first}
Full statespace search for:
	assertion violations	+
State-vector 76 byte, depth reached 146, errors: ${errors}
   213337 states, stored
  202.531	total actual memory usage
${last}
pan: elapsed time 0.7 seconds`;

const found = (model: Model, text: string, story: string[] = []): Found => ({ model, search: readSearch(text), story });
const violated = output(1, "pan:1: assertion violated 0 (at depth 13)", "Warning: Search not completed");

describe("the verdict on the protocol", () => {
  it("is good after a complete search without an error", () => {
    expect(judge(found(protocol, output(0)))).toEqual({ right: true, words: "holds" });
    expect(readSearch(output(0))).toMatchObject({ states: 213_337, depth: 146, seconds: 0.7, megabytes: 202.531 });
  });

  it("names the promise that breaks", () => {
    const verdict = judge(found(protocol, violated, ["agent    begins operation 1", "! an operation is begun twice"]));
    expect(verdict).toEqual({ right: false, words: "BREAKS: an operation is begun twice" });
  });

  it.each([
    ["error: max search depth too small", ""],
    ["pan: reached -DMEMLIM bound", ""],
    ["", "Warning: Search not completed"],
    ["Bit statespace search for:", ""],
  ])("is bad after a search that was cut short (%s%s)", (first, last) => {
    expect(judge(found(protocol, output(0, first, last)))).toEqual({ right: false, words: "SEARCH NOT COMPLETE" });
  });

  it("is not given without a result", () => {
    expect(() => readSearch("Segmentation fault")).toThrow("no result");
  });
});

describe("the verdict on a broken variant", () => {
  it("is good when its promise breaks", () => {
    const verdict = judge(found(variant, violated, ["! an operation is begun after its deadline"]));
    expect(verdict).toEqual({ right: true, words: "breaks: an operation is begun after its deadline" });
  });

  it("is bad when nothing is found, or something else", () => {
    expect(judge(found(variant, output(0))).words).toBe("NOT NOTICED (BEGUN_LATE)");
    expect(judge(found(variant, output(1, "pan:1: invalid end state"))).words).toBe("ANOTHER ERROR: other");
    expect(judge(found({ ...variant, checks: "ending" }, violated)).right).toBe(false);
  });
});

describe("what the verdicts rest on", () => {
  it("tells the steps that no run of the protocol ever takes", () => {
    const untaken = (...steps: string[]) =>
      found(protocol, output(0, "", steps.map((step) => `\tagent.pml:1, state 2, "printf('${step}\\n')"`).join("\n")));
    const runs = [
      untaken("agent    says hello", "agent    hears a welcome"),
      untaken("agent    says hello", "! a promise"),
    ];
    expect(neverTaken(runs)).toEqual(["agent    says hello"]);
  });

  it("tells the variants that are in the model or in the list alone", () => {
    expect(unmatchedVariants("#ifdef BROKEN_MADE_UP")).toContain("BROKEN_MADE_UP");
    expect(unmatchedVariants("")).toContain("BROKEN_LATE_START");
  });
});
