import { parseArgs } from "node:util";

/** What a program is told: how long one measurement takes, and how many of them there are. */
export interface Effort {
  seconds: number;
  rounds: number;
}

/** A fault of the caller, printed without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line: names of programs (all when there is none), `--seconds`, `--rounds`. */
export function readArguments(args: string[], programs: readonly string[]): { names: string[]; effort: Effort } {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !programs.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no program "${unknown}", only ${programs.join(", ")}.`);
  return {
    names: positionals.length > 0 ? positionals : [...programs],
    effort: {
      seconds: wholeNumber("--seconds", values.seconds, 1, 20),
      rounds: wholeNumber("--rounds", values.rounds, 1, 20),
    },
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { seconds: { type: "string", default: "6" }, rounds: { type: "string", default: "3" } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}.`);
}
