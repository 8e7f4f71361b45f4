import { randomUUID } from "node:crypto";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { type DayRules, liveStoreDays, type StoreDays } from "../../merchants/stores/days.ts";
import { newId } from "../../platform/ids.ts";
import { businessDayOf, endOf, startOf } from "../days/business-day.ts";
import { type AdvanceDeps, nextLook, planned, type Stand } from "../progress/advance.ts";
import { type Attempt, type Sent, sendAttempts } from "../progress/attempts.ts";
import type { ClosingRecord } from "../queries.ts";
import { factsOfStores } from "../sql/facts.ts";
import { asBatch, type DayOfStore, findUntouched, insertClosings, lockKeys, type NewClosing } from "../sql/new.ts";
import type { Facts } from "../standing/facts.ts";
import { isOpenSince, type Moment, membersOf, momentOf, openBatches } from "../standing/standing.ts";
import { type Asked, bodyFaults, wishesOf } from "./asked.ts";
import { type CloseRequest, digestOf, type KeyedRequest } from "./requests.ts";

/** A closing that a request has made. */
export interface MadeClosing {
  id: string;
  store: StoreDays;
  /** How it stands, unless something is left to be done at once. */
  stand: Stand | undefined;
}

/** What came of a request: a closing, or none because nothing is open. Undefined: it is not so simple. */
export type New = MadeClosing | "nothing_open" | undefined;

/** A request that may make the closing of the running day, as far as its store tells. */
interface Candidate extends DayOfStore {
  request: CloseRequest;
  store: StoreDays;
  keyed: KeyedRequest | undefined;
}

/** A closing that is to be made, with what was read of its terminals. */
interface Draft extends NewClosing {
  candidate: Candidate;
  rows: readonly Facts[];
}

/** The request itself carries it forward; a worker does if its server dies before that. */
export const carriedForwardMs = 2_000;

/**
 * Closes the running day of stores of one account that have no closing of it yet, many at once: reads and writes what belongs to
 * them in statements that they share, and sends the first attempts. Answers undefined for each request that needs more than that: nothing
 * was written for it, and the caller treats it by itself.
 */
export async function closeNew(
  deps: AdvanceDeps,
  accountId: string,
  requests: readonly CloseRequest[],
): Promise<New[]> {
  const { moment, drafts, idle } = await inTenant(deps.db, accountId, (tx) =>
    makeClosings(tx, deps, { accountId, requests }),
  );
  const sent = await sendFirst(deps, drafts);
  const made = new Map(drafts.map((draft) => [draft.candidate.request, draft]));
  return requests.map((request) => {
    if (idle.has(request)) return "nothing_open";
    const draft = made.get(request);
    return draft && { id: draft.row.id, store: draft.candidate.store, stand: standAfter(draft, sent, moment) };
  });
}

async function makeClosings(
  tx: Tx,
  deps: AdvanceDeps,
  { accountId, requests }: { accountId: string; requests: readonly CloseRequest[] },
): Promise<{ moment: Moment; drafts: Draft[]; idle: ReadonlySet<CloseRequest> }> {
  const idle = new Set<CloseRequest>();
  await asBatch.execute(tx);
  const moment = await momentOf(tx, deps);
  const candidates = await findCandidates(tx, { accountId, requests }, moment);
  if (candidates.length === 0) return { moment, drafts: [], idle };
  const { rows } = await factsOfStores(
    accountId,
    moment.now,
    candidates.map(({ storeRef, startsAt, endsAt }) => ({ closingId: null, storeRef, startsAt, endsAt })),
  ).execute(tx);
  const byStore = Map.groupBy(rows, ({ store_ref: ref }) => ref);
  const drafts = candidates.flatMap((candidate): Draft[] => {
    const draft = draftOf(candidate, byStore.get(candidate.storeRef) ?? [], moment);
    if (draft === "nothing_open") idle.add(candidate.request);
    return draft === undefined || draft === "nothing_open" ? [] : [draft];
  });
  if (drafts.length === 0) return { moment, drafts, idle };
  const made = await insertClosings(tx, accountId, drafts);
  return { moment, drafts: drafts.filter(({ row }) => made.has(row.id)), idle };
}

/** Of several requests for one store, or under one key, the first one. */
async function findCandidates(
  tx: Tx,
  { accountId, requests }: { accountId: string; requests: readonly CloseRequest[] },
  moment: Moment,
): Promise<Candidate[]> {
  const named = [...new Set(requests.map(({ storeId }) => storeId))];
  const stores = new Map((await liveStoreDays(tx, accountId, named, moment)).map((store) => [store.store_id, store]));
  const runningDay = runningDays(moment.now);
  const taken = new Set<string>();
  const isFirst = (name: string) => taken.size < taken.add(name).size;
  const simple = requests.flatMap((request): Candidate[] => {
    const store = stores.get(request.storeId);
    if (!store || request.body.again) return [];
    const { clientId, idempotencyKey: key, body } = request;
    const { day, startsAt, endsAt } = runningDay(store.rules);
    if (body.business_day !== undefined && body.business_day !== day) return [];
    if (!isFirst(store.id) || (key !== null && !isFirst(`${clientId} ${key}`))) return [];
    const keyed = key === null ? undefined : { accountId, clientId, key, digest: digestOf(store.id, body) };
    return [{ request, store, keyed, storeRef: store.id, day, startsAt, endsAt }];
  });
  if (simple.length === 0) return [];
  const known = await lockKeys(
    tx,
    accountId,
    simple.flatMap(({ keyed }) => keyed ?? []),
  );
  const untouched = await findUntouched(tx, accountId, simple);
  return simple.filter(({ storeRef, keyed }) => untouched.has(storeRef) && !(keyed && known.has(keyed.key)));
}

/** Finds the running day of each store; most stores have the same rules. */
function runningDays(now: Date): (rules: DayRules) => { day: string; startsAt: Date; endsAt: Date } {
  const known = new Map<string, { day: string; startsAt: Date; endsAt: Date }>();
  return (rules) => {
    const name = `${rules.timeZone} ${rules.startsAt}`;
    const found = known.get(name);
    if (found) return found;
    const day = businessDayOf(now, rules);
    const running = { day, startsAt: startOf(day, rules) as Date, endsAt: endOf(day, rules) };
    known.set(name, running);
    return running;
  };
}

/** None, if the request is refused, or means another day than the running one. */
function draftOf(candidate: Candidate, found: readonly Facts[], moment: Moment): Draft | "nothing_open" | undefined {
  const { request, store, keyed, day, startsAt, endsAt } = candidate;
  const { accountId, clientId, body } = request;
  const live = found.map((row) => row.terminal_id);
  if (bodyFaults(body, { live, mostUntil: endsAt }).length > 0) return undefined;
  const began = openBatches(found, moment).map(({ oldestAt }) => businessDayOf(oldestAt, store.rules));
  if (body.business_day === undefined && began.some((other) => other < day)) return undefined;
  const at = moment.now;
  const asked = { accountId, by: clientId, at, day, startsAt, endsAt, mostUntil: endsAt, ...wishesOf(body) };
  const closing = closingRow(store, asked);
  const wanted = new Set(body.terminals ?? live);
  const rows = found.map((row) => {
    return { ...row, closing_id: closing.id, asked_at: wanted.has(row.terminal_id) ? at : null };
  });
  const members = membersOf(closing, rows, moment);
  const since = request.onlyIfOpenSince;
  if (since && !members.some((member) => isOpenSince(member, since, moment))) return "nothing_open";
  const attempts = members.flatMap(({ row, standing: { next } }) =>
    next === "plan" ? [{ ...planned({ row, closing }, at), key: randomUUID() }] : [],
  );
  const waits = members.some(({ standing }) => standing.state === "waiting");
  const lookAt =
    waits && attempts.length === 0 ? nextLook(members, closing, at) : new Date(at.getTime() + carriedForwardMs);
  const terminals = live.map((id) => ({ id, wanted: wanted.has(id), again: false }));
  const row = { ...closing, look_at: lookAt };
  return { candidate, row, rows, terminals, attempts, keyed, requestId: request.requestId };
}

/** A new closing as it is asked for; when it is looked at next is still to be said. */
export function closingRow(store: StoreDays, asked: Omit<Asked, "again" | "named" | "terminals">): ClosingRecord {
  const { at, by } = asked;
  return {
    account_id: asked.accountId,
    id: newId(at),
    store_ref: store.id,
    business_day: asked.day,
    day_starts_at: asked.startsAt,
    day_ends_at: asked.endsAt,
    time_zone: store.rules.timeZone,
    created_at: at,
    created_by: by,
    asked_at: at,
    asked_by: by,
    retry_until: asked.retryUntil ?? asked.mostUntil,
    when_busy: asked.whenBusy ?? null,
    expected: asked.expected ?? null,
    look_at: null,
    ended_at: null,
    cancelled_at: null,
    cancelled_by: null,
  };
}

/** Sends the first attempts. A failed one is left to `advance`, which runs next and reports the failure to the request. */
async function sendFirst(deps: AdvanceDeps, drafts: readonly Draft[]): Promise<Map<string, Sent>> {
  try {
    const sent = await sendAttempts(
      deps,
      drafts.flatMap(({ attempts }) => attempts),
    );
    return new Map(sent.map((one) => [nameOf(one), one]));
  } catch {
    return new Map();
  }
}

function nameOf({ id, terminalId }: Pick<Attempt, "id" | "terminalId">): string {
  return `${id} ${terminalId}`;
}

/**
 * How a new closing stands after its attempts were accepted: as it was read, with their operations. Undefined if one was not accepted,
 * or none of its terminals waits, so that it has ended.
 */
function standAfter({ row: closing, rows, attempts }: Draft, sent: ReadonlyMap<string, Sent>, moment: Moment) {
  const byTerminal = new Map(attempts.map((attempt) => [attempt.terminalId, attempt]));
  if (attempts.some((attempt) => !sent.has(nameOf(attempt)))) return undefined;
  const after = rows.map((row): Facts => {
    const attempt = byTerminal.get(row.terminal_id);
    const operation = attempt && sent.get(nameOf(attempt));
    if (!operation) return row;
    const { operationId: id } = operation;
    const at = timeOf(id).toISOString();
    return {
      ...row,
      live_operation: "end_of_day",
      attempts: [
        {
          n: attempt.n,
          at: attempt.at.toISOString(),
          asked_by: attempt.askedBy,
          when_busy: attempt.whenBusy,
          expected_close: attempt.expectedClose,
          request_key: attempt.key,
          operation_id: id,
          refused: null,
        },
      ],
      closes: [
        ...row.closes,
        {
          id,
          status: "PENDING",
          created_at: at,
          created_by: attempt.askedBy,
          updated_at: at,
          reason: null,
          unknown_end: false,
          result: null,
          late_result: null,
          closing_id: closing.id,
          closing_ends_at: closing.day_ends_at.toISOString(),
        },
      ],
    };
  });
  const members = membersOf(closing, after, moment);
  return members.some(({ standing }) => standing.state === "waiting") ? { closing, members } : undefined;
}

const timeDigits = 12;

/** When an operation was accepted, which its id tells. */
function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll("-", "").slice(0, timeDigits), 16));
}
