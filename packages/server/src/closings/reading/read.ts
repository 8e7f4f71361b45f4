import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingList } from "@tillkeeper/contract/http/closings";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { storeNotFound } from "../../merchants/stores/changes.ts";
import { type StoreDays, storeDays } from "../../merchants/stores/days.ts";
import { ApiError } from "../../platform/errors.ts";
import { isUuid } from "../../platform/formats.ts";
import { cutPage } from "../../platform/http/paging.ts";
import type { AdvanceDeps } from "../progress/advance.ts";
import { type ClosingKey, type ClosingRow, findClosing, findClosings, listClosings, readFacts } from "../queries.ts";
import { byClosing, type Member, type Moment, membersOf, momentOf } from "../standing/standing.ts";
import { presentClosing, presentSummary } from "./present.ts";

export type ReadDeps = Pick<AdvanceDeps, "db" | "clock" | "presenceClock">;

interface StoreKey {
  accountId: string;
  storeId: string;
}

/** A store that is not deleted, with the rules of its business days. Throws `store_not_found`. */
export async function openStore(tx: Tx, key: StoreKey, moment: Moment): Promise<StoreDays> {
  const store = await findOpenStore(tx, key, moment);
  if (!store) throw storeNotFound();
  return store;
}

async function findOpenStore(
  tx: Tx,
  { accountId, storeId }: StoreKey,
  { now }: Moment,
): Promise<StoreDays | undefined> {
  return (await storeDays(tx, accountId, { storeId }, { now }))[0];
}

export interface ClosingOfStore extends ClosingKey {
  storeId: string;
}

/** A closing with its terminals, in the caller's transaction. Throws `store_not_found`, `closing_not_found`. */
export async function findStanding(
  tx: Tx,
  deps: Pick<ReadDeps, "clock" | "presenceClock">,
  key: ClosingOfStore,
): Promise<{ closing: ClosingRow; members: Member[]; store: StoreDays }> {
  const moment = await momentOf(tx, deps);
  const store = await openStore(tx, key, moment);
  const closing = isUuid(key.id) ? await findClosing(tx, key, store.id) : undefined;
  if (!closing) throw new ApiError("closing_not_found", "There is no such closing.");
  return { closing, members: membersOf(closing, await readFacts(tx, key.accountId, [key.id]), moment), store };
}

/** One closing, as its terminals stand now. Throws `store_not_found`, `closing_not_found`. */
export function readClosing(deps: ReadDeps, key: ClosingOfStore): Promise<Closing> {
  return inTenant(deps.db, key.accountId, async (tx) => {
    const { closing, members, store } = await findStanding(tx, deps, key);
    return presentClosing(closing, members, store.rules);
  });
}

/** A closing, whether it moves by itself, and whether it is to be carried forward now: for callers that wait. */
export function watchClosing(
  deps: ReadDeps,
  key: ClosingOfStore,
): Promise<{ closing: Closing; moves: boolean; due: boolean }> {
  return inTenant(deps.db, key.accountId, async (tx) => {
    const { closing, members, store } = await findStanding(tx, deps, key);
    const now = deps.clock.now();
    const next = members.flatMap(({ standing }) => standing.next ?? []);
    return {
      closing: presentClosing(closing, members, store.rules),
      moves: members.some(({ standing }) => standing.moving === true),
      due: next.some((what) => !(what instanceof Date) || what <= now),
    };
  });
}

export interface ClosingQuery {
  business_day?: string;
  store_id?: string;
  starting_after?: string;
  limit: number;
}

/** A page of an account's closings, newest first. With `store_id`, of that store: none of a store that is not there. */
export function getClosings(deps: ReadDeps, accountId: string, query: ClosingQuery): Promise<ClosingList> {
  return inTenant(deps.db, accountId, async (tx) => {
    const moment = await momentOf(tx, deps);
    const { store_id: storeId } = query;
    if (storeId === undefined) return pageOf(tx, { accountId, query, moment });
    const store = await findOpenStore(tx, { accountId, storeId }, moment);
    return store ? pageOf(tx, { accountId, query, moment, storeRef: store.id }) : { closings: [] };
  });
}

/** A page of a store's closings, newest first. Throws `store_not_found`. */
export function getClosingsOfStore(
  deps: ReadDeps,
  { accountId, storeId }: StoreKey,
  query: ClosingQuery,
): Promise<ClosingList> {
  return inTenant(deps.db, accountId, async (tx) => {
    const moment = await momentOf(tx, deps);
    const { id: storeRef } = await openStore(tx, { accountId, storeId }, moment);
    return pageOf(tx, { accountId, query, moment, storeRef });
  });
}

/** How closings stand now, each as a sentence, by their ids. */
export async function closingTexts(
  tx: Tx,
  deps: Pick<ReadDeps, "clock" | "presenceClock">,
  accountId: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const moment = await momentOf(tx, deps);
  const closings = await findClosings(tx, accountId, ids);
  const rows = byClosing(await readFacts(tx, accountId, ids));
  return new Map(
    closings.map((closing) => [
      closing.id,
      presentSummary(closing, membersOf(closing, rows.get(closing.id) ?? [], moment)).text,
    ]),
  );
}

interface PageWish {
  accountId: string;
  query: ClosingQuery;
  moment: Moment;
  storeRef?: string;
}

async function pageOf(tx: Tx, { accountId, query, moment, storeRef }: PageWish): Promise<ClosingList> {
  const { business_day: day, starting_after: below, limit } = query;
  const found = await listClosings(tx, accountId, { storeRef, day, below, limit: limit + 1 });
  const { page, last } = cutPage(found, limit);
  const rows = byClosing(
    await readFacts(
      tx,
      accountId,
      page.map(({ id }) => id),
    ),
  );
  const closings = page.map((closing) =>
    presentSummary(closing, membersOf(closing, rows.get(closing.id) ?? [], moment)),
  );
  return { closings, ...(last && { starting_after: last.id }) };
}
