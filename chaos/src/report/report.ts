import type { Settings } from "../arguments.ts";
import type { ClientEvent, Violation } from "../checker/history.ts";
import { acceptedBy, type Indexed } from "../checker/index.ts";
import { lostOperations, namesLostLog } from "../checker/lost.ts";
import { overtime } from "../checker/timing.ts";
import type { Inflicted } from "../faults/inflict.ts";

/** The results of a run. */
export interface Report {
  settings: Settings;
  /** Processors, memory and Node version of the machine. */
  machine: string;
  startedAt: Date;
  /** `all`: seconds from the start of the program to the last read. `load`: seconds of requests and faults. */
  seconds: { all: number; load: number };
  faults: FaultLine[];
  figures: [what: string, value: string][];
  outcomes: [outcome: string, operations: number][];
  answers: [answer: string, times: number][];
  violations: Violation[];
  /** Parts that did not settle in time after the load; each counts as a finding. */
  unsettled: string[];
}

interface FaultLine {
  kind: string;
  times: number;
  /** Milliseconds from the lifting of the fault to the recovery. */
  median: number | undefined;
  longest: number | undefined;
  /** Faults that could not be inflicted or lifted. */
  failed: number;
  /** Faults whose target did not recover within half a minute. */
  unrecovered: number;
}

/** Whether the run has no finding. */
export function isClean({ violations, unsettled }: Report): boolean {
  return violations.length === 0 && unsettled.length === 0;
}

/** Sums up the faults by kind, in alphabetical order. */
export function faultLines(inflicted: readonly Inflicted[]): FaultLine[] {
  return [...Map.groupBy(inflicted, ({ kind }) => kind)]
    .map(([kind, faults]) => {
      const recoveries = faults.flatMap(({ recoveredMs }) => recoveredMs ?? []).sort((a, b) => a - b);
      return {
        kind,
        times: faults.length,
        median: recoveries[Math.floor(recoveries.length / 2)],
        longest: recoveries.at(-1),
        failed: faults.filter(({ failed }) => failed !== undefined).length,
        unrecovered: faults.length - recoveries.length,
      };
    })
    .sort((a, b) => a.kind.localeCompare(b.kind));
}

/** Counts operations by status, reason and late result. */
export function outcomeLines({ history: { rows } }: Indexed): Report["outcomes"] {
  return counted(
    rows.map(({ status, reason, error, late_result: late }) =>
      [status, reason, error?.code, late && "+ late result"].filter((part) => part !== undefined).join(" "),
    ),
  );
}

/** Counts answers to clients by request, status and code; missing answers by their error. */
export function answerLines({ history: { client } }: Indexed): Report["answers"] {
  return counted(client.map(describe));
}

function describe({ type, reply }: ClientEvent): string {
  if ("unknown" in reply) return `${type}: no answer (${reply.unknown})`;
  return [`${type}: ${reply.status}`, reply.code].filter(Boolean).join(" ");
}

function counted(names: string[]): [string, number][] {
  return [...Map.groupBy(names, (name) => name)]
    .map(([name, all]): [string, number] => [name, all.length])
    .sort(([, a], [, b]) => b - a);
}

/** Returns figures that show how much the run has tested. */
export function figuresOf(
  index: Indexed,
  other: { uptimeMs: number; samples: number; inflicted: readonly Inflicted[]; failovers: number | undefined },
): Report["figures"] {
  const accepted = new Set(index.creations.flatMap((creation) => acceptedBy(creation)?.id ?? []));
  const repeated = [...index.creationsOf.values()].filter((creations) => creations.length > 1);
  const latest = index.history.rows.reduce((most, row) => Math.max(most, overtime(index, row).waitedMs), 0);
  const stops = other.inflicted.filter(({ kind }) => kind === "server.stop");
  const longestStop = Math.max(0, ...stops.map(({ struckAt, downAt }) => downAt - struckAt));
  const entries = index.history.journals.flatMap((journal) => journal.entries);
  const unanswered = index.creations.filter(({ reply }) => "unknown" in reply);
  return [
    ["operations in the database", count(index.rows.size)],
    ["of them seen accepted by a client", count(accepted.size)],
    ["executed by terminals", count(index.begun.size)],
    ...(other.failovers === undefined ? [] : [failoverFigure(other.failovers)]),
    ["accepted operations that only lost seconds knew", count(lostOperations(index).length)],
    ["operations that terminals brought back", count(index.history.rows.filter(({ recovered }) => recovered).length)],
    ["logs that only lost seconds knew", count(entries.filter((entry) => namesLostLog(index, entry)).length)],
    ["closes refused as out of step", count(entries.filter(({ reason }) => reason === "out_of_step").length)],
    ["closes answered with what their request had", count(entries.filter(({ repeats }) => repeats).length)],
    ["requests for an operation", count(index.creations.length)],
    ["requests without an answer", count(unanswered.length)],
    ["wishes sent more than once", count(repeated.length)],
    ["looks at operations", count(index.history.client.filter(({ type }) => type === "look").length)],
    ["events in the database", count(index.history.events.length)],
    ["events that streams told", count(toldOf(index, "event"))],
    ["events that webhooks brought", count(index.history.received.length)],
    ["times that a reader was told to read anew", count(toldOf(index, "reset"))],
    ["seconds with a server and the database up", count(other.uptimeMs / 1000)],
    ["longest seen PENDING past the deadline, ms of that time", count(latest)],
    ["longest orderly end of a server, ms", count(longestStop)],
    ["looks at the constraint in the database", count(other.samples)],
  ];
}

function failoverFigure(times: number): [string, string] {
  return ["times that the other machine came to lead", count(times)];
}

function toldOf({ history: { streams } }: Indexed, type: "event" | "reset"): number {
  return streams.flatMap(({ lines }) => lines.filter((line) => line.type === type)).length;
}

/** Formats a number rounded to an integer, with thousands separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
