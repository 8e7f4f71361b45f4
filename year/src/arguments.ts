import { readNumber, readOptions, UsageError } from "@tillkeeper/stage/programs/usage";
import { variants } from "./variants/variants.ts";

/** Settings of a run. */
export interface Settings {
  seed: number;
  stores: number;
  days: number;
  /** The date of the first simulated day. */
  from: string;
  /** The names of broken servers to play instead; each must be noticed. */
  variants: readonly string[];
}

/** Ten days in which clocks go forward in Europe, by two hours at Troll, and back in Australia, New Zealand and Chile. */
const short = { stores: "20", days: "10", from: "2031-03-28" };
/** What the broken servers play: nights of changes of the clocks, moves and faults. */
const shortest = { stores: "20", days: "5", from: "2031-03-28" };

/** Reads the command line. Throws a UsageError for unknown options and for values out of bounds. */
export function readArguments(args: string[]): Settings {
  const values = parse(args);
  const usual = values.short ? short : values.variants || values.variant ? shortest : {};
  const { days = "365", stores = "200", from = "2031-01-01" } = { ...usual, ...values };
  if (!/^\d{4}-\d\d-\d\d$/.test(from) || Number.isNaN(Date.parse(from))) throw new UsageError("--from must be a date.");
  const names = variants.map(({ name }) => name);
  if (values.variant !== undefined && !names.includes(values.variant))
    throw new UsageError(`--variant must be one of ${names.join(", ")}.`);
  return {
    seed: readNumber("--seed", values.seed, { least: 0, most: 2 ** 32 - 1, whole: true }),
    stores: readNumber("--stores", stores, { least: 2, most: 2_000, whole: true }),
    days: readNumber("--days", days, { least: 1, most: 1_000, whole: true }),
    from,
    variants: values.variant === undefined ? (values.variants ? names : []) : [values.variant],
  };
}

function parse(args: string[]) {
  return readOptions({
    args,
    options: {
      seed: { type: "string", default: "1" },
      stores: { type: "string" },
      days: { type: "string" },
      from: { type: "string" },
      short: { type: "boolean", default: false },
      variants: { type: "boolean", default: false },
      variant: { type: "string" },
    },
  }).values;
}
