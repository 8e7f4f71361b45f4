import { readNumber, readOptions, UsageError } from "@tillkeeper/stage/programs/usage";

/** Seconds of one measurement, and the number of measurements. */
export interface Effort {
  seconds: number;
  rounds: number;
}

const bounds = { least: 1, most: 20, whole: true };

/**
 * Reads the command line: names of programs (none means all), `--seconds`, `--rounds`. Throws a UsageError for unknown
 * names and options and for numbers out of bounds.
 */
export function readArguments(args: string[], programs: readonly string[]): { names: string[]; effort: Effort } {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !programs.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no program "${unknown}", only ${programs.join(", ")}.`);
  return {
    names: positionals.length > 0 ? positionals : [...programs],
    effort: {
      seconds: readNumber("--seconds", values.seconds, bounds),
      rounds: readNumber("--rounds", values.rounds, bounds),
    },
  };
}

function parse(args: string[]) {
  return readOptions({
    args,
    allowPositionals: true,
    options: { seconds: { type: "string", default: "6" }, rounds: { type: "string", default: "3" } },
  });
}
