import { readNumber, readOptions } from "@tillkeeper/stage/programs/usage";

/** Settings of a run. */
export interface Settings {
  /** Determines the schedule of faults and the requests of the clients. */
  seed: number;
  /** Minutes of faults and requests; set-up and settling come on top. */
  minutes: number;
  terminals: number;
  clients: number;
  /** Keeps the folder of the run: histories, rows, faults, findings, logs. */
  keep: boolean;
}

/** Reads the command line. Throws a UsageError for unknown options and for values out of bounds. */
export function readArguments(args: string[]): Settings {
  const values = parse(args);
  return {
    seed: readNumber("--seed", values.seed, { least: 0, most: 2 ** 32 - 1, whole: true }),
    minutes: readNumber("--minutes", values.minutes, { least: 0.1, most: 24 * 60, whole: false }),
    terminals: readNumber("--terminals", values.terminals, { least: 4, most: 5_000, whole: true }),
    clients: readNumber("--clients", values.clients, { least: 1, most: 1_000, whole: true }),
    keep: values.keep,
  };
}

function parse(args: string[]) {
  return readOptions({
    args,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "1" },
      terminals: { type: "string", default: "240" },
      clients: { type: "string", default: "64" },
      keep: { type: "boolean", default: false },
    },
  }).values;
}
