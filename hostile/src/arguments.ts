import { parseArgs } from "node:util";
import { readNumber, UsageError } from "@tillkeeper/stage/programs/usage";

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

/** Reads the command line. Throws `UsageError` for what it does not understand. */
export function readArguments(args: string[]): Settings {
  const values = parse(args);
  return {
    seed: readNumber("--seed", values.seed, { least: 0, most: 2 ** 32 - 1, whole: true }),
    minutes: readNumber("--minutes", values.minutes, { least: 0.1, most: 24 * 60, whole: false }),
    requestsPerRoute: readNumber("--requests-per-route", values["requests-per-route"], {
      least: 0,
      most: 10_000_000,
      whole: true,
    }),
    concurrency: readNumber("--concurrency", values.concurrency, { least: 1, most: 256, whole: true }),
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
