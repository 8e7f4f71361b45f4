import { broken } from "./models.ts";
import type { Found } from "./spin.ts";

/** The judgement of one run, with a text for the table. */
export interface Verdict {
  /** Whether the run went as expected: the protocol keeps its promises, a broken variant does not. */
  right: boolean;
  words: string;
}

/** Judges one run. A search that was cut short proves nothing, and an error of another kind is not the expected one. */
export function judge({ model, search, story }: Found): Verdict {
  if (model.breaks === undefined) {
    if (search.found) return { right: false, words: `BREAKS: ${brokenPromise(story) ?? search.found}` };
    return search.complete ? { right: true, words: "holds" } : { right: false, words: "SEARCH NOT COMPLETE" };
  }
  const expected = model.checks === "ending" ? "never ends" : "violation";
  if (search.found === undefined) return { right: false, words: `NOT NOTICED (${model.breaks})` };
  if (search.found !== expected) return { right: false, words: `ANOTHER ERROR: ${search.found}` };
  return { right: true, words: `breaks: ${brokenPromise(story) ?? "an operation never ends"}` };
}

function brokenPromise(story: string[]): string | undefined {
  return story.findLast((line) => line.startsWith("!"))?.slice(2);
}

/** Returns the steps that no run of their program ever takes: a statement about them would prove nothing. */
export function neverTaken(runs: Found[]): string[] {
  return [...Map.groupBy(runs, ({ model }) => model.program).values()].flatMap(neverTakenIn);
}

/** Returns the steps that no run of one program ever takes. */
function neverTakenIn(runs: Found[]): string[] {
  const safety = runs.filter(({ model, search }) => model.checks === "promises" && search.complete);
  const [first, ...others] = safety.map(({ search }) => new Set(search.untaken));
  return [...(first ?? [])].filter((step) => others.every((untaken) => untaken.has(step)));
}

/** Returns variants that are only in the model's files (`text`), and variants that are only in the list of runs. */
export function unmatchedVariants(text: string): string[] {
  const written = new Set<string>(text.match(/BROKEN_[A-Z_]+/g));
  const checked = new Set(broken.flatMap(({ defines }) => defines.filter((define) => define.startsWith("BROKEN_"))));
  return [...written, ...checked].filter((variant) => !written.has(variant) || !checked.has(variant));
}
