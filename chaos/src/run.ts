import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { Closing } from "@tillkeeper/server/platform/closing";
import { readHistory } from "./agents/history-file.ts";
import type { Settings } from "./arguments.ts";
import { check } from "./checker/check.ts";
import type { History, JournalEntry } from "./checker/history.ts";
import { indexed } from "./checker/index.ts";
import { timeWithin, within, without } from "./checker/uptime.ts";
import { createHttp } from "./clients/http.ts";
import { Recorder } from "./clients/recorder.ts";
import { lostTimes, timesOfPausedDatabase } from "./faults/inflict.ts";
import { type Fault, makeSchedule } from "./faults/schedule.ts";
import { type Load, runLoad } from "./load.ts";
import { Readers, readKeptEvents } from "./readers/readers.ts";
import { answerLines, faultLines, figuresOf, outcomeLines, type Report } from "./report/report.ts";
import { readRows, settle } from "./settle.ts";
import { openAccounts } from "./stage/accounts.ts";
import { PatroniDatabase } from "./stage/patroni-database.ts";
import { keepMarker, openStage } from "./stage/stage.ts";

export interface RunOptions extends Settings {
  /** Ends the run early: it rejects with the signal's reason and leaves no process and no folder. */
  signal: AbortSignal;
  /** Called with each line about the progress of the run. */
  say: (line: string) => void;
  /** Replaces the schedule that seed and minutes determine. */
  schedule?: readonly Fault[];
  /** Path of a faulty program, from a test, that plays the terminals. */
  agentsProgram?: string;
  /** Starts a faulty proxy, from a test, between clients and balancer; resolves with its URL. */
  front?: (url: string, closing: Closing) => Promise<string>;
}

/** The most connections that clients keep open at once. */
const connections = 128;

/** Runs the system under load and faults, lets it settle, and checks its history against the promises. */
export async function runChaos(options: RunOptions): Promise<Report> {
  const closing = new Closing();
  try {
    return await run(options, closing);
  } finally {
    await closing.close();
  }
}

async function run(options: RunOptions, closing: Closing): Promise<Report> {
  const { signal, say, seed, minutes } = options;
  const startedAt = new Date();
  const stage = await openStage({ ...options, closing });
  const recorder = new Recorder(join(stage.folder, "clients.jsonl"));
  closing.add(() => recorder.close());
  const http = createHttp(connections);
  closing.add(() => http.close());
  const accounts = await openAccounts({ stage, http, recorder, terminals: options.terminals, signal });

  const schedule = options.schedule ?? makeSchedule(options);
  say(`${stage.servers.length} servers and ${options.terminals} terminals are ready (${stage.folder}).`);
  say(`${schedule.length} faults and ${options.clients} clients for ${minutes} minutes, by seed ${seed}.`);
  const url = (await options.front?.(stage.url, closing)) ?? stage.url;
  const readers = new Readers({ accounts, url: stage.url, seed }, closing);
  await readers.subscribe(stage.database, closing);
  const load = await runLoad({ ...options, stage, accounts, recorder, http, url, schedule }, closing);
  say("The load is over; everything is left to come to rest.");
  const unsettled = await settle({ stage, watch: load.watch, readers, signal });
  const rows = (await Promise.all(accounts.map((account) => readRows(http, stage.url, account)))).flat();
  const rowsReadAt = Date.now();
  const events = await readKeptEvents(stage.database);
  await readers.stop();
  await load.constraint.stop();

  const failovers = stage.database instanceof PatroniDatabase ? stage.database.failovers : undefined;
  const answering = without(stage.sampler.uptime(), timesOfPausedDatabase(load.inflicted));
  const uptime = failovers ? within(answering, failovers.commits) : answering;
  const agents = stage.agents.flatMap(({ historyPath }) => readHistory(historyPath));
  const journals = (await Promise.all(stage.agents.map((fleet) => fleet.journals())))
    .flat()
    .map(({ terminalId, log }) => ({ terminalId, entries: log.results as JournalEntry[] }));
  const mayLose = options.standby === "asynchronous" ? failovers?.promotions : [];
  const lost = lostTimes(load.inflicted, mayLose ?? []);
  const { doubles } = load.constraint;
  const { streams, subscribed, receiver } = readers;
  const seen = { rows, rowsReadAt, events, streams, subscribed, received: receiver.received };
  const history: History = { client: recorder.events, agents, journals, ...seen, uptime, lost, doubles };
  const report = reportOn(options, history, load, { startedAt, unsettled, failovers: failovers?.promotions.length });
  if (options.keep) keep(stage.folder, history, load, report);
  return report;
}

function reportOn(
  { seed, minutes, gap, terminals, clients, database, standby, keep: kept }: RunOptions,
  history: History,
  { inflicted, constraint, seconds }: Load,
  { startedAt, unsettled, failovers }: Pick<Report, "startedAt" | "unsettled"> & { failovers: number | undefined },
): Report {
  const index = indexed(history);
  const uptimeMs = timeWithin(history.uptime, startedAt.getTime(), history.rowsReadAt);
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    settings: { seed, minutes, gap, terminals, clients, database, standby, keep: kept },
    machine: `${availableParallelism()} cpus (${cpus()[0]?.model.trim()}), ${memory} GB, Node ${process.version}`,
    startedAt,
    seconds: { all: (history.rowsReadAt - startedAt.getTime()) / 1000, load: seconds },
    faults: faultLines(inflicted),
    figures: figuresOf(index, { uptimeMs, samples: constraint.answers, inflicted, failovers }),
    outcomes: outcomeLines(index),
    answers: answerLines(index),
    violations: check(history),
    unsettled,
  };
}

/** Writes the records of the run that the folder lacks; the files of clients and terminals are there already. */
function keep(folder: string, history: History, { inflicted }: Load, { violations }: Report): void {
  const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");
  writeFileSync(join(folder, "rows.jsonl"), lines(history.rows));
  writeFileSync(join(folder, "events.jsonl"), lines(history.events));
  writeFileSync(join(folder, "streams.jsonl"), lines(history.streams));
  writeFileSync(join(folder, "faults.jsonl"), lines(inflicted));
  writeFileSync(join(folder, "journals.jsonl"), lines(history.journals));
  writeFileSync(join(folder, "uptime.jsonl"), lines(history.uptime));
  writeFileSync(join(folder, "violations.jsonl"), lines(violations));
  writeFileSync(keepMarker(folder), "");
}
