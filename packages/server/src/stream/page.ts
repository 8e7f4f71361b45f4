import { eventId } from "@tillkeeper/contract/events";
import { beginnings, type EventPage, type EventQuery } from "@tillkeeper/contract/http/events";
import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { PresentEvents } from "../events/read.ts";
import { type EventCursor, scanEvents } from "../events/scan.ts";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import { sharedWork } from "../platform/store-limit.ts";
import { cursorOf, filterOf, readStart } from "./start.ts";

export interface PageDeps {
  db: Db;
  present: PresentEvents;
}

type PageCaller = Pick<Caller, "accountId" | "stores">;

const startPath = "/query/starting_after";

/** A page of an account's events. Throws `store_not_found`, `events_gone`, `invalid_request`. */
export async function readPage({ db, present }: PageDeps, caller: PageCaller, query: EventQuery): Promise<EventPage> {
  const { accountId } = caller;
  const filter = await filterOf(db, caller, query);
  const start = readStart(query.starting_after ?? beginnings.oldest, startPath);
  const after = await cursorOf(db, accountId, start);
  if (after === "lost") throw eventsGone();
  if (start === "next") return { events: [], has_more: false, ...idOf(after) };
  const scan = { accountId, after, filter, limit: query.limit, span: limits.eventsScanned };
  const found = await inTenant(db, accountId, (tx) => scanEvents(tx, scan));
  if (found === "lost") throw eventsGone();
  const events = found.events.length === 0 ? [] : await sharedWork(() => present(accountId, found.events));
  return { events, has_more: found.hasMore, ...idOf(found.end) };
}

function idOf(cursor: EventCursor): Pick<EventPage, "last_event_id"> {
  return cursor === "oldest" ? {} : { last_event_id: eventId(cursor) };
}

function eventsGone(): ApiError {
  return new ApiError("events_gone", "That event is not there; read the state anew.", {
    errors: [{ path: startPath, message: "names no event that is kept" }],
  });
}
