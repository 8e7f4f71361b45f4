import { readNumber, readOptions, UsageError } from "@tillkeeper/stage/programs/usage";
import type { DatabaseName } from "./faults/kinds.ts";

/** Settings of a run. */
export interface Settings {
  /** Determines the schedule of faults and the requests of the clients. */
  seed: number;
  /** Minutes of faults and requests; set-up and settling come on top. */
  minutes: number;
  /** Seconds between two faults, on average: from 0.4 to 1.6 times as much. */
  gap: number;
  terminals: number;
  clients: number;
  /** `embedded`: one PostgreSQL 18. `patroni`: two PostgreSQL 15, one of which leads. */
  database: DatabaseName;
  /** Whether a commit waits for the standby; without effect on the embedded database. */
  standby: "synchronous" | "asynchronous";
  /** Keeps the folder of the run: histories, rows, faults, findings, logs. */
  keep: boolean;
}

/** Reads the command line. Throws a UsageError for unknown options and for values out of bounds. */
export function readArguments(args: string[]): Settings {
  const values = parse(args);
  return {
    seed: readNumber("--seed", values.seed, { least: 0, most: 2 ** 32 - 1, whole: true }),
    minutes: readNumber("--minutes", values.minutes, { least: 0.1, most: 24 * 60, whole: false }),
    gap: readNumber("--gap", values.gap, { least: 0.1, most: 3_600, whole: false }),
    terminals: readNumber("--terminals", values.terminals, { least: 4, most: 5_000, whole: true }),
    clients: readNumber("--clients", values.clients, { least: 1, most: 1_000, whole: true }),
    database: readChoice("--database", values.database, ["embedded", "patroni"]),
    standby: readChoice("--standby", values.standby, ["synchronous", "asynchronous"]),
    keep: values.keep,
  };
}

function readChoice<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw new UsageError(`${option} is one of: ${choices.join(", ")}.`);
  return chosen;
}

function parse(args: string[]) {
  return readOptions({
    args,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "1" },
      gap: { type: "string", default: "1" },
      terminals: { type: "string", default: "240" },
      clients: { type: "string", default: "64" },
      database: { type: "string", default: "embedded" },
      standby: { type: "string", default: "synchronous" },
      keep: { type: "boolean", default: false },
    },
  }).values;
}
