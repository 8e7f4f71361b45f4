/** A fault of the caller, printed without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Bounds {
  least: number;
  most: number;
  whole: boolean;
}

/** The number that an option has. Throws `UsageError` for another text, and for a number outside of its bounds. */
export function readNumber(name: string, text: string, { least, most, whole }: Bounds): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`${name} must be a ${whole ? "whole " : ""}number from ${least} to ${most}, not "${text}".`);
}
