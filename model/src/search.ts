/** The result of a search by `pan`, the checker that Spin generates. */
export interface Search {
  states: number;
  depth: number;
  seconds: number;
  megabytes: number;
  /** Whether every reachable state was visited: the limits of memory, depth and stored states were not reached. */
  complete: boolean;
  /** The kind of the first error; undefined without an error. */
  found: "violation" | "never ends" | "other" | undefined;
  /** The story lines of steps that were never taken; known after complete searches only. */
  untaken: string[];
}

/** Lines by which `pan` says that a search without an error was incomplete. */
const shortcomings = [
  /search not completed/i,
  /search depth too small/,
  /out of memory/,
  /reached -DMEMLIM/,
  /bit statespace/i,
];

/** Reads the output of `pan`; throws when it holds no result. */
export function readSearch(output: string): Search {
  const errors = numberIn(output, /errors: (\d+)/);
  return {
    states: numberIn(output, /([\d.e+]+) states, stored/),
    depth: numberIn(output, /depth reached (\d+)/),
    seconds: numberIn(output, /pan: elapsed time ([\d.e+]+) seconds/),
    megabytes: numberIn(output, /([\d.]+)\s+total actual memory usage/),
    complete: errors === 0 && /Full statespace search/.test(output) && !shortcomings.some((sign) => sign.test(output)),
    found: errors === 0 ? undefined : kindOfError(output),
    untaken: [...output.matchAll(/"printf\('((?:agent|server|time|device|database|person) .*?)\\n'/g)].map(
      ([, line]) => line as string,
    ),
  };
}

function kindOfError(output: string): Search["found"] {
  if (/assertion violated/.test(output)) return "violation";
  return /acceptance cycle/.test(output) ? "never ends" : "other";
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`the checker gave no result:\n${output.slice(-2000)}`);
  return Number(found);
}
