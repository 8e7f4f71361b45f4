import { type Static, Type } from "typebox";
import { eventIdPattern, eventTypes } from "../events.ts";
import { limits } from "../limits.ts";
import { Text } from "../scalars.ts";
import { readAccounts, readOperations } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { EventEnvelope } from "./event-schemas.ts";
import { ofAccount, PathId } from "./params.ts";

/**
 * Where a reader begins that has no id yet: with the oldest event that is kept, with what comes next, or with those of the last half
 * minute.
 */
export const beginnings = { oldest: "0", next: "latest", recent: "recent" } as const;
/** How long ago the events of `recent` may have come. */
export const recentSeconds = 30;

/** Where a reader goes on from. */
export const eventCursorPattern = `^(?:${Object.values(beginnings).join("|")}|${eventIdPattern.slice(1, -1)})$`;

/** Events in their order, and where the page ended. */
export const EventPage = Type.Object({
  events: Type.Array(EventEnvelope),
  has_more: Type.Boolean({
    description:
      "Events lie behind this page. With filters the page may hold few of them or none all the same: a request looks through " +
      `${limits.eventsScanned.toLocaleString("en-US")} events at most.`,
  }),
  last_event_id: Type.Optional(
    Type.String({
      pattern: eventIdPattern,
      description:
        "The last event that was looked at: `starting_after` of the next request, or `Last-Event-ID` of a stream that goes on from " +
        "here. Absent while the account has no events.",
    }),
  ),
});
export type EventPage = Static<typeof EventPage>;

const Query = Type.Object(
  {
    type: Type.Optional(
      Type.Array(Type.Enum(eventTypes), {
        minItems: 1,
        maxItems: eventTypes.length,
        description: "Events of this type only. Repeated for several.",
      }),
    ),
    store_id: Type.Optional({
      ...PathId,
      description: "Events of this store only, by `store_id` or `id`: of what was in it at that time.",
    }),
    terminal_id: Type.Optional({ ...Text, description: "Events of this terminal only." }),
    subject: Type.Optional({ ...Text, description: "Events of this subject only: the id of what changed." }),
    starting_after: Type.Optional(
      Type.String({
        pattern: eventCursorPattern,
        description:
          "`last_event_id` of the page before, or the `id` of any event. `0`: from the oldest that is kept, as a page begins by itself. `latest`: " +
          "an empty page that ends with the last event; a stream begins so by itself. `recent`: with the events of the last " +
          `${recentSeconds} seconds, ${limits.recentEvents} at most: otherwise a page is 410, and a stream begins with a reset. For a stream \`Last-Event-ID\` counts before it.`,
      }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100, description: "How many events at most; of a page." }),
  },
  { additionalProperties: false },
);
export type EventQuery = Static<typeof Query>;

const Headers = Type.Object({
  Accept: Type.Optional(Type.String({ description: "`text/event-stream` asks for the stream." })),
  "Last-Event-ID": Type.Optional(
    Type.String({
      pattern: eventCursorPattern,
      description:
        "Of a stream: the last `id` that was read; the stream goes on behind it, at any server. `0`: from the oldest that is kept. `recent`: with those of " +
        `the last ${recentSeconds} seconds.`,
    }),
  ),
});

export const eventEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/events",
    scopes: readOperations,
    alsoScopes: readAccounts,
    id: "aid_events_get",
    summary: "The events of an account, oldest first: a page, or a stream of what comes (Server-Sent Events)",
    tag: "Events",
    params: ofAccount,
    query: Query,
    requestHeaders: Headers,
    answers: { 200: EventPage },
    eventStream: true,
    errors: ["store_not_found", "events_gone"],
    headers: ["link"],
  }),
};
