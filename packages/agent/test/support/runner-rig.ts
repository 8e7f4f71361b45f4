import { expect, vi } from "vitest";
import { silentLogger } from "../../src/logger.ts";
import type { Journal } from "../../src/memory/journal.ts";
import { Closes } from "../../src/operations/closes.ts";
import type { OperationHandlers } from "../../src/operations/operation.ts";
import { OperationRunner, type OperationRunnerOptions } from "../../src/operations/operation-runner.ts";
import type { ReportedResult } from "../../src/operations/outcome.ts";
import { Answers } from "../../src/talk/answers.ts";
import { ServerTime } from "../../src/talk/server-time.ts";
import { FakeClock } from "./fake-clock.ts";

/** Noon, by the server and by the clock of a rig that is given none. */
export const noon = Date.parse("2026-06-29T12:00:00.000Z");

type Options<State> = {
  clock?: FakeClock;
  /** Where to note results; a list of its own unless told otherwise. */
  results?: ReportedResult[];
} & Partial<Pick<OperationRunnerOptions<State>, "settled" | "payments" | "comparison">>;

const compared = { isDone: () => true, isOldCopy: () => false, done: () => Promise.resolve() };

/** An operation runner without a wire: what it says is noted, and nobody answers unless the test does. */
export function runnerRig<State>(
  handlers: OperationHandlers<State>,
  journal: Journal<State>,
  {
    clock = new FakeClock(noon),
    settled = () => undefined,
    results = [],
    comparison = compared,
    ...more
  }: Options<State> = {},
) {
  /** Channels in the order in which they were used. */
  const said: string[] = [];
  const delivered: { operation_id: string; received_at: string }[] = [];
  const started: { operation_id: string; started_at: string }[] = [];
  const refused: string[] = [];
  const report = (result: ReportedResult) => {
    said.push("result");
    results.push(result);
  };
  let told = journal.log.last;
  const added = () => {
    for (const entry of journal.log.after(told, Number.POSITIVE_INFINITY)) report(entry);
    told = journal.log.last;
  };
  const closes = new Closes({ handler: handlers.end_of_day, journal, clock, log: silentLogger, added });
  const answers = new Answers({
    journal,
    clock,
    log: silentLogger,
    telling: { added, repeat: report, unnumbered: report, numbered: added },
    lastBatch: () => closes.lastBatch(),
  });
  const runner = new OperationRunner({
    handlers,
    journal,
    answers,
    closes,
    comparison,
    clock,
    log: silentLogger,
    serverTime: new ServerTime(clock),
    settled,
    ...more,
    sendDelivered: (message) => {
      said.push("delivered");
      delivered.push(message);
    },
    sendStarted: (message) => {
      said.push("started");
      started.push(message);
    },
    sendCancelRefused: ({ operation_id }) => {
      said.push("cancel_refused");
      refused.push(operation_id);
    },
  });
  const until = (condition: () => void) => vi.waitFor(condition, { interval: 1 });
  return {
    runner,
    answers,
    closes,
    journal,
    clock,
    said,
    delivered,
    started,
    refused,
    results,
    /** Waits until so many results were said, copies included. */
    answered: (count: number) => until(() => expect(results).toHaveLength(count)),
    until,
  };
}
