import { type ParseArgsConfig, parseArgs } from "node:util";

/** An error in the caller's arguments, printed without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Bounds {
  least: number;
  most: number;
  whole: boolean;
}

/**
 * Reads an option's number. Throws `UsageError` when the text is not a number, or the number is outside its bounds.
 */
export function readNumber(name: string, text: string, { least, most, whole }: Bounds): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`${name} must be a ${whole ? "whole " : ""}number from ${least} to ${most}, not "${text}".`);
}

/** Reads a command line as `parseArgs` does. Throws `UsageError` for what it does not know. */
export function readOptions<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
