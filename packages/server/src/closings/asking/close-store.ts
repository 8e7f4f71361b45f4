import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { StoreDays } from "../../merchants/stores/days.ts";
import type { AdvanceDeps, Stand } from "../progress/advance.ts";
import { tellRequest } from "../progress/told.ts";
import { type ClosingKey, type ClosingRow, lockClosing, readFacts } from "../queries.ts";
import { presentClosing } from "../reading/present.ts";
import { openStore, readClosing } from "../reading/read.ts";
import { insertClosings, type NewClosing } from "../sql/new.ts";
import { type Moment, membersOf, momentOf } from "../standing/standing.ts";
import { type Asked, askedOf } from "./asked.ts";
import { carriedForwardMs, closingRow, type MadeClosing, type New } from "./close-new.ts";
import { isMissing } from "./missing.ts";
import { type CloseRequest, digestOf, findRepeated, type KeyedRequest, lockKey, remember } from "./requests.ts";

export interface ClosingDeps extends Pick<AdvanceDeps, "db" | "clock" | "presenceClock"> {
  /** Makes the closing of a day that has none yet, in the batch of its account where that suffices. */
  closeNew: (request: CloseRequest) => Promise<New>;
  /** Carries a closing forward, and answers how it stands, unless there is still something to be done at once. */
  advance: (key: ClosingKey) => Promise<Stand | undefined>;
}

interface Closed {
  closing: Closing;
  /** It is new; else the request went on with what was there. */
  created: boolean;
  /** The key belongs to an earlier request, and nothing was asked for. */
  replayed: boolean;
}

/**
 * Closes a store's business day (D31): one closing per store and day, so a further request goes on with what is missing. Resolves
 * when every terminal that can be closed has its operation. Throws `store_not_found`, `invalid_request`,
 * `idempotency_key_reused`.
 */
export async function closeStore(deps: ClosingDeps, request: CloseRequest): Promise<Closed> {
  const made = await deps.closeNew(request);
  return closeAlone(deps, request, made === "nothing_open" ? undefined : made);
}

/** As `closeStore`, for a request of which `closeNew` has made a closing that is not carried forward yet, or none. */
export async function closeAlone(
  deps: ClosingDeps,
  request: CloseRequest,
  made: MadeClosing | undefined,
): Promise<Closed> {
  if (made?.stand) {
    const { stand, store } = made;
    return { closing: presentStand(stand, store), created: true, replayed: false };
  }
  const { accountId } = request;
  const { id, store, created, replayed } = made
    ? { ...made, created: true, replayed: false }
    : await inTenant(deps.db, accountId, (tx) => ask(tx, deps, request));
  const stand = replayed ? undefined : await deps.advance({ accountId, id });
  // Of one that has ended just now the row is not read again.
  const closing =
    stand && (stand.closing.ended_at !== null || stand.members.some(({ standing }) => standing.state === "waiting"))
      ? presentStand(stand, store)
      : await readClosing(deps, { ...request, id });
  return { closing, created, replayed };
}

function presentStand({ closing, members }: Stand, store: StoreDays): Closing {
  return presentClosing({ ...closing, store_id: store.store_id }, members, store.rules);
}

async function ask(tx: Tx, deps: ClosingDeps, request: CloseRequest) {
  const { accountId, clientId, requestId, storeId, idempotencyKey: key, body } = request;
  const moment = await momentOf(tx, deps);
  const store = await openStore(tx, { accountId, storeId }, moment);
  const keyed: KeyedRequest | undefined =
    key === null ? undefined : { accountId, clientId, key, digest: digestOf(store.id, body) };
  if (keyed) await lockKey(tx, keyed);
  const earlier = keyed && (await findRepeated(tx, keyed, moment.now));
  if (earlier !== undefined) return { id: earlier, store, created: false, replayed: true };
  const asked = await askedOf(tx, { accountId, clientId, store, body }, moment);
  const made = { ...newClosing(store, asked, keyed), requestId };
  if ((await insertClosings(tx, accountId, [made])).has(made.row.id))
    return { id: made.row.id, store, created: true, replayed: false };
  const id = await goOnWithEarlier(tx, { store, asked, requestId }, moment);
  await addTerminals(tx, id, asked);
  if (keyed) await remember(tx, keyed, { closingId: id, now: moment.now });
  return { id, store, created: false, replayed: false };
}

function newClosing(store: StoreDays, asked: Asked, keyed: KeyedRequest | undefined): NewClosing {
  const { at, again } = asked;
  const row = closingRow(store, asked);
  const terminals = asked.terminals.map(({ id, wanted }) => ({ id, wanted, again: wanted && again }));
  return { row: { ...row, look_at: new Date(at.getTime() + carriedForwardMs) }, terminals, attempts: [], keyed };
}

async function goOnWithEarlier(
  tx: Tx,
  { store, asked, requestId }: { store: StoreDays; asked: Asked; requestId: string | undefined },
  moment: Moment,
): Promise<string> {
  const key = { accountId: asked.accountId, storeRef: store.id, day: asked.day };
  const closing = (await lockClosing(tx, key)) as ClosingRow;
  await goOn(tx, { closing, asked, requestId }, moment);
  return closing.id;
}

/** Goes on with a closing: asks anew for the terminals that are missing, and for no others. */
async function goOn(
  tx: Tx,
  { closing, asked, requestId }: { closing: ClosingRow; asked: Asked; requestId: string | undefined },
  moment: Moment,
): Promise<void> {
  const members = membersOf(closing, await readFacts(tx, closing.account_id, [closing.id]), moment);
  const wanted = new Set(asked.terminals.flatMap((terminal) => (terminal.wanted ? [terminal.id] : [])));
  const missing = members.filter(
    (member) => wanted.has(member.row.terminal_id) && isMissing(closing, member, asked, moment),
  );
  const known = new Set(members.map(({ row }) => row.terminal_id));
  const goesOn =
    missing.length > 0 || asked.terminals.some(({ id, isHere }) => isHere && wanted.has(id) && !known.has(id));
  const waits = members.some(({ standing }) => standing.state === "waiting");
  const until = asked.retryUntil ?? (goesOn || waits ? asked.mostUntil : undefined);
  const change = {
    ...(asked.expected && {
      expected: JSON.stringify(asked.expected),
      // It may correct the report.
      report_at: sql<Date | null>`case when report_at is not null then ${asked.at}::timestamptz end`,
    }),
    ...((goesOn || waits) && {
      // Never the same time: a look that is under way must not overwrite what this request sets.
      asked_at: new Date(Math.max(asked.at.getTime(), closing.asked_at.getTime() + 1)),
      asked_by: asked.by,
      look_at: asked.at,
      ...(until && { retry_until: until }),
      ...(asked.whenBusy && { when_busy: asked.whenBusy }),
    }),
    ...(goesOn && { ended_at: null, cancelled_at: null, cancelled_by: null }),
  };
  if (Object.keys(change).length === 0) return;
  await tx
    .updateTable("closings")
    .set(change)
    .where("account_id", "=", closing.account_id)
    .where("id", "=", closing.id)
    .execute();
  await tellRequest(tx, closing, { cause: "asked_again", at: asked.at, by: { clientId: asked.by, requestId } });
  if (!goesOn) return;
  const ids = missing.map(({ row }) => row.terminal_id);
  // A close that is under way is not followed by another, unless it fails.
  const still = missing.flatMap(({ row, standing }) => (standing.state === "waiting" ? [] : [row.terminal_id]));
  // What was so at the former end does not count any longer, for any of its terminals.
  await sql`
    update closing_terminals set frozen = null,
      asked_at = case when terminal_id = any(${ids}) then ${asked.at}::timestamptz else asked_at end,
      again = case when terminal_id = any(${ids}) then ${asked.again}::boolean and terminal_id = any(${still}) else again end
    where account_id = ${closing.account_id} and closing_id = ${closing.id}`.execute(tx);
}

/** Adds the terminals of the store that the closing does not have yet. */
async function addTerminals(tx: Tx, closingId: string, { accountId, at, again, terminals }: Asked): Promise<void> {
  if (terminals.length === 0) return;
  await tx
    .insertInto("closing_terminals")
    .values(
      terminals.map(({ id, wanted }) => ({
        account_id: accountId,
        closing_id: closingId,
        terminal_id: id,
        asked_at: wanted ? at : null,
        again: wanted && again,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
