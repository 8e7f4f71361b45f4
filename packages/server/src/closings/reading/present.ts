import { closingStateOf } from "@tillkeeper/contract/closings/rules";
import type { Standing } from "@tillkeeper/contract/closings/standing";
import { type ClosingTerminalState, closingSteps, closingTerminalStates } from "@tillkeeper/contract/closings/states";
import {
  type Closing,
  type ClosingSummary,
  type ClosingTerminal,
  closingFigureNames,
} from "@tillkeeper/contract/http/closing-schemas";
import type { OpenBatchCurrency } from "@tillkeeper/contract/telemetry";
import type { DayRules } from "../../merchants/stores/days.ts";
import { documentedTime, preciseTime } from "../../platform/timestamps.ts";
import { businessDayOf } from "../days/business-day.ts";
import type { ClosingRow } from "../queries.ts";
import { type CloseRow, type Facts, openSince, resultOf, standingBatch } from "../standing/facts.ts";
import type { Member } from "../standing/standing.ts";
import { closingText } from "./text.ts";
import { addUp, type BatchFigures, compare } from "./totals.ts";

/** How a closing stands, without its terminals. */
export function presentSummary(closing: ClosingRow, members: readonly Member[]): ClosingSummary {
  const counts = countsOf(members);
  const state = closingStateOf(members.map(({ standing }) => standing.state));
  const batches = closesOfDay(members).map((close) => resultOf(close));
  const told = batches.flatMap((result) => (result?.currency === undefined ? [] : [result as BatchFigures]));
  const corrected = correctedAt(closing, members);
  return {
    id: closing.id,
    account_id: closing.account_id,
    store_id: closing.store_id,
    business_day: closing.business_day,
    day_starts_at: documentedTime(closing.day_starts_at),
    day_ends_at: documentedTime(closing.day_ends_at),
    time_zone: closing.time_zone,
    state,
    text: closingText(state, counts),
    counts,
    totals: addUp(told),
    ...(told.length < batches.length && { batches_without_totals: batches.length - told.length }),
    created_at: documentedTime(closing.created_at),
    created_by: closing.created_by,
    asked_at: documentedTime(closing.asked_at),
    retry_until: documentedTime(closing.retry_until),
    ...(closing.when_busy !== null && { when_busy: closing.when_busy }),
    ...(closing.ended_at && { ended_at: preciseTime(closing.ended_at) }),
    ...(corrected && { corrected_at: preciseTime(corrected) }),
    ...(closing.cancelled_at && { cancelled_at: preciseTime(closing.cancelled_at) }),
    ...(closing.cancelled_by !== null && { cancelled_by: closing.cancelled_by }),
  };
}

/** A closing with its terminals. `rules` say to which business days open batches belong. */
export function presentClosing(closing: ClosingRow, members: readonly Member[], rules: DayRules): Closing {
  const summary = presentSummary(closing, members);
  const { waiting, failed, unknown } = summary.counts;
  const alsoOpen = alsoOpenOf(members, { rules, day: closing.business_day });
  return {
    ...summary,
    terminals: members.map(presentTerminal),
    ...(closing.expected && {
      expected: closing.expected,
      comparison: compare(closing.expected, summary.totals, { settled: waiting + failed + unknown === 0 }),
    }),
    ...(alsoOpen.length > 0 && { also_open: alsoOpen }),
  };
}

export function countsOf(members: readonly Member[]): Record<ClosingTerminalState, number> {
  const count = (state: ClosingTerminalState) => members.filter(({ standing }) => standing.state === state).length;
  return Object.fromEntries(closingTerminalStates.map((state) => [state, count(state)])) as Record<
    ClosingTerminalState,
    number
  >;
}

/** Every close of the business day that closed a batch, by operation or by hand. */
function closesOfDay(members: readonly Member[]): CloseRow[] {
  return members.flatMap((member) => closesThatCount(member));
}

function closesThatCount({ row, facts }: Member): CloseRow[] {
  const closed = new Set(
    facts.closes.flatMap(({ id, end, belongs }) => (end === "closed" && belongs === "day" ? [id] : [])),
  );
  return row.closes.filter(({ id }) => closed.has(id));
}

/** A close of the business day that closed a batch, which is in the totals. */
export interface Batch extends NonNullable<ClosingTerminal["close"]> {
  terminal_id: string;
}

/** The batches that the totals of a closing add up, terminal after terminal. */
export function presentBatches(members: readonly Member[]): Batch[] {
  return members.flatMap((member) =>
    closesThatCount(member).map((close) => ({ terminal_id: member.row.terminal_id, ...presentClose(close) })),
  );
}

/** When a result last came that changed a closing after its end. */
function correctedAt({ ended_at: endedAt }: ClosingRow, members: readonly Member[]): Date | undefined {
  if (!endedAt) return undefined;
  const known = members.flatMap(({ facts, standing }) =>
    facts.closes.flatMap(({ id, knownAt, belongs }) =>
      knownAt && (belongs === "day" || id === standing.close) && knownAt > endedAt ? [knownAt.getTime()] : [],
    ),
  );
  return known.length > 0 ? new Date(Math.max(...known)) : undefined;
}

/** The fields that tell what to do, as operations show them. */
export function showClosingStep({ step }: Pick<Standing, "step">) {
  if (step === undefined) return {};
  const { retryable, text } = closingSteps[step];
  return { retryable, next_step: step, next_step_text: text };
}

export function presentBatch({ value, at, since = at }: NonNullable<Facts["batch"]>) {
  const { transactions_count, oldest_at, currencies } = value;
  return {
    transactions_count,
    ...(oldest_at !== undefined && { oldest_at }),
    ...(currencies && { currencies: currencies.map(presentFigures) }),
    since: documentedTime(new Date(since)),
  };
}

/** In the order of the documents; the database has another. */
function presentFigures({ currency, ...told }: OpenBatchCurrency): OpenBatchCurrency {
  const figures = closingFigureNames.flatMap((name) => (told[name] === undefined ? [] : [[name, told[name]] as const]));
  return { currency, ...Object.fromEntries(figures) };
}

function presentTerminal({ row, facts, standing }: Member): ClosingTerminal {
  const close = row.closes.find(({ id }) => id === standing.close);
  const batch = standingBatch(row);
  return {
    terminal_id: row.terminal_id,
    state: standing.state,
    ...(standing.reason !== undefined && { reason: standing.reason }),
    ...showClosingStep(standing),
    ...(standing.openAgain && { open_again: true }),
    ...(close && { close: presentClose(close) }),
    operations: row.attempts.flatMap(({ operation_id: id }) => id ?? []),
    ...(batch && facts.here && { open_batch: presentBatch(batch) }),
    ...(row.former_batch && facts.formerBatch && { former_open_batch: presentBatch(row.former_batch) }),
  };
}

function presentClose(close: CloseRow): NonNullable<ClosingTerminal["close"]> {
  const { id, status, created_at: at, created_by, late_result: late } = close;
  const reason = late ? late.reason : close.reason;
  const result = resultOf(close);
  return {
    id,
    status,
    created_at: documentedTime(new Date(at)),
    created_by,
    ...(reason && { reason }),
    ...(late && { late: true as const }),
    ...(result && { result }),
  };
}

/** Other business days in which open batches began, oldest first. */
export function alsoOpenOf(
  members: readonly Pick<Member, "row" | "facts">[],
  { rules, day }: { rules: DayRules; day: string },
): { business_day: string; terminals: string[] }[] {
  const days = new Map<string, string[]>();
  for (const { row, facts } of members) {
    const since = openSince(row);
    if (!facts.here || !since) continue;
    const began = businessDayOf(since, rules);
    if (began !== day) days.set(began, [...(days.get(began) ?? []), row.terminal_id]);
  }
  return [...days]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([business_day, terminals]) => ({ business_day, terminals }));
}
