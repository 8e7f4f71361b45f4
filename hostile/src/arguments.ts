import { readNumber, readOptions } from "@tillkeeper/stage/programs/usage";

/** The settings of a run, from the command line. */
export interface Settings {
  /** Decides every request, together with the ids of the accounts. */
  seed: number;
  /** Minutes after which the run ends at the latest. */
  minutes: number;
  /** Requests after which a route gets no more; 0 for no limit. The run ends when all routes have reached it. */
  requestsPerRoute: number;
  /** Requests in progress at a time. */
  concurrency: number;
  /** Only routes whose operation id contains this text are requested. */
  routes: string;
}

/** Reads the command line. Throws `UsageError` for an unknown option or a wrong value. */
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
  return readOptions({
    args,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "1" },
      "requests-per-route": { type: "string", default: "0" },
      concurrency: { type: "string", default: "16" },
      routes: { type: "string", default: "" },
    },
  }).values;
}
