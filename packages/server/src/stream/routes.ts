import { beginnings, eventEndpoints as events } from "@tillkeeper/contract/http/events";
import { readAccounts, readOperations } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import type { Principals } from "../access/people/principals.ts";
import { ApiError } from "../platform/errors.ts";
import { pageAnswer } from "../platform/http/paging.ts";
import { Answer, bind, type Caller, type Route } from "../platform/http/route.ts";
import { type PageDeps, readPage } from "./page.ts";
import { filterOf, readStart } from "./start.ts";
import type { EventStreams } from "./streams.ts";

export interface StreamRouteDeps extends PageDeps {
  streams: EventStreams;
  principals: Principals;
}

/** The last message to a stream whose token or session has ended. */
const over: ReadonlySet<string> = new Set(["invalid_token", "missing_token", "account_not_found"]);
const streamType = "text/event-stream";

/** The events of an account, as a page or as a stream. */
export function streamRoutes(deps: StreamRouteDeps): Route[] {
  return [
    bind(events.list, async ({ caller, query, request }) => {
      const { accountId } = caller;
      const { "last-event-id": lastEventId } = request.headers;
      if (!asksForStream(request)) {
        const page = await readPage(deps, caller, query);
        return pageAnswer(request, page, page.has_more ? page.last_event_id : undefined);
      }
      const start =
        lastEventId === undefined
          ? readStart(query.starting_after ?? beginnings.next, "/query/starting_after")
          : readStart(String(lastEventId), "/headers/last-event-id");
      const filter = await filterOf(deps.db, caller, query);
      const reader = {
        accountId,
        filter,
        isAllowed: () => mayRead(deps, caller, request),
        failed: failureLog(request),
      };
      const stream = await deps.streams.open(reader, start);
      // Proxies of the nginx kind hold answers back unless they are told not to.
      return new Answer(stream, { headers: { "content-type": streamType, "x-accel-buffering": "no" } });
    }),
  ];
}

function asksForStream(request: FastifyRequest): boolean {
  return (
    request.method === "GET" && new Negotiator(request.raw).mediaType(["application/json", streamType]) === streamType
  );
}

/** Whether the token or the session of an open stream still opens the events of its account, and of the same stores. */
async function mayRead({ principals }: StreamRouteDeps, caller: Caller, request: FastifyRequest): Promise<boolean> {
  try {
    const { scopes, stores } = await principals.of(request);
    if (JSON.stringify(stores) !== JSON.stringify(caller.stores)) return false;
    return [readOperations, readAccounts].every((accepted) => accepted.some((scope) => scopes.has(scope)));
  } catch (error) {
    if (error instanceof ApiError && over.has(error.code)) return false;
    throw error;
  }
}

/** Logs the first failure of a stream only: while the database is away, all of them fail every second. */
function failureLog(request: FastifyRequest): (error: unknown) => void {
  let isFirst = true;
  return (error) => {
    if (isFirst) request.log.warn({ err: error }, "a stream of events could not be read, it goes on");
    isFirst = false;
  };
}
