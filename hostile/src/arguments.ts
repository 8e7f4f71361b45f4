import { parseArgs } from "node:util";

/** What a run is told. */
export interface Settings {
  /** Makes every request, together with the world's ids. */
  seed: number;
  /** When the run ends at the latest. */
  minutes: number;
  /** When a route has had enough; 0 for no such number. The run ends when all have. */
  requestsPerRoute: number;
  /** Requests that are under way at a time. */
  concurrency: number;
  /** Only routes whose operation id contains it. */
  routes: string;
}

/** A fault of the caller, printed without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws `UsageError` for what it does not understand. */
export function readArguments(args: string[]): Settings {
  const values = parse(args);
  return {
    seed: number("--seed", values.seed, 0, 2 ** 32 - 1),
    minutes: number("--minutes", values.minutes, 0.1, 24 * 60),
    requestsPerRoute: number("--requests-per-route", values["requests-per-route"], 0, 10_000_000),
    concurrency: number("--concurrency", values.concurrency, 1, 256),
    routes: values.routes,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        seed: { type: "string", default: "1" },
        minutes: { type: "string", default: "1" },
        "requests-per-route": { type: "string", default: "0" },
        concurrency: { type: "string", default: "16" },
        routes: { type: "string", default: "" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  const whole = name === "--minutes" || Number.isInteger(value);
  if (text.trim() !== "" && value >= least && value <= most && whole) return value;
  throw new UsageError(`${name} must be a number from ${least} to ${most}, not "${text}".`);
}
