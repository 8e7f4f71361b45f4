import { readEventId } from "@tillkeeper/contract/events";
import { beginnings, type EventQuery, recentSeconds } from "@tillkeeper/contract/http/events";
import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { type EventCursor, type EventFilter, lastEvent, lastEventBefore } from "../events/scan.ts";
import { storeNotFound } from "../merchants/stores/changes.ts";
import { findStore } from "../merchants/stores/stores.ts";
import { invalidRequest } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import { sharedWork } from "../platform/store-limit.ts";

/** Where a reader begins: behind an event, with the oldest that is kept, with what comes next, or with what came just now. */
export type Start = EventCursor | "next" | "recent";

/** Reads a start as callers name it; `path` is where it stands. Throws `invalid_request`. */
export function readStart(text: string, path: string): Start {
  if (text === beginnings.oldest) return "oldest";
  if (text === beginnings.next) return "next";
  if (text === beginnings.recent) return "recent";
  const place = readEventId(text);
  if (!place) throw invalidRequest({ path, message: "is not the id of an event, nor `0`, `latest` or `recent`" });
  return place;
}

const recent = { seconds: recentSeconds, most: limits.recentEvents };

/**
 * The cursor at which a reader begins; "lost" where more came just now than are told again. Its limits do not count: a cursor tells of no
 * event.
 */
export function cursorOf(db: Db, accountId: string, start: Start): Promise<EventCursor | "lost"> {
  if (start === "next") return inTenant(db, accountId, (tx) => lastEvent(tx, accountId));
  if (start === "recent")
    return sharedWork(() => inTenant(db, accountId, (tx) => lastEventBefore(tx, accountId, recent)));
  return Promise.resolve(start);
}

/** The filter that a query names. Throws `store_not_found`. */
export async function filterOf(
  db: Db,
  { accountId, stores }: Pick<Caller, "accountId" | "stores">,
  query: EventQuery,
): Promise<EventFilter> {
  const { type: types, store_id: storeId, terminal_id: terminalId, subject } = query;
  const limit = stores && { storeRefs: stores };
  if (storeId === undefined) return { types, terminalId, subject, ...limit };
  // A deleted store has a history, too.
  const store = await inTenant(db, accountId, (tx) => findStore(tx, accountId, storeId));
  if (!store) throw storeNotFound();
  return { types, storeRef: store.id, terminalId, subject, ...limit };
}
