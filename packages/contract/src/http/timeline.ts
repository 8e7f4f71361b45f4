import { type Static, type TSchema, Type } from "typebox";
import { OperationReason } from "../operation-reasons.ts";
import { OperationName, type OperationPhase, OperationStatus } from "../operations.ts";
import { SpanEnd, SpanStart, Time, Uuid } from "../scalars.ts";
import { readAccounts, readOperations } from "../scopes.ts";
import { TimelineType } from "../timeline.ts";
import { endpoint } from "./endpoint.ts";
import { ofStore, ofTerminal } from "./params.ts";
import { timelineExample } from "./timeline-example.ts";

/** The id of an entry: its instant in milliseconds, where it was read, and what it has there. */
export const entryIdPattern = "^\\d{1,15}\\.[a-z_]{1,30}\\.[A-Za-z0-9:.-]{1,100}$";
const EntryId = Type.String({
  pattern: entryIdPattern,
  description:
    "Names the entry in this timeline. Any entry's may be the `starting_after` or `ending_before` of a page.",
});

/** A time to look around: an instant, or, without an offset, what clocks in the store show. */
const clock = "(?:[01]\\d|2[0-3]):[0-5]\\d";
export const aroundPattern = `^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T${clock}(?::[0-5]\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]${clock})?$`;

const Phases = Type.Object(
  {
    accepted: Time,
    dispatched: Type.Optional(Time),
    delivered: Type.Optional(Time),
    started: Type.Optional(Time),
    answered: Type.Optional(Time),
  } satisfies Record<OperationPhase, TSchema>,
  { description: "When each phase was reached." },
);

export const TimelineEntry = Type.Object({
  id: EntryId,
  at: Type.String({ format: "date-time", description: "When it happened; entries are in the order of it." }),
  type: TimelineType,
  text: Type.String({
    description: "What happened, as a sentence for a person. Its words may change; programs read `type`.",
  }),
  link: Type.String({
    description: "The path of this API that tells more of it.",
    examples: ["/v1/accounts/T12345678/…"],
  }),
  terminal_id: Type.Optional(Type.String({ description: "Of what happened to one terminal." })),
  by: Type.Optional(
    Type.Object(
      {
        id: Type.String({ description: "As `created_by`, or as `actor` of the audit log." }),
        name: Type.Optional(
          Type.String({ description: "The name of the person or client, as far as it has one in this account." }),
        ),
      },
      { description: "Who caused it, where that is somebody." },
    ),
  ),
  operation: Type.Optional(
    Type.Object(
      {
        id: Uuid,
        operation: OperationName,
        status: OperationStatus,
        reason: Type.Optional(OperationReason),
        phases: Phases,
      },
      { description: "The operation, as it is now." },
    ),
  ),
});
export type TimelineEntry = Static<typeof TimelineEntry>;

export const TimelineAround = Type.Object(
  {
    asked: Type.String({ description: "As the request has it." }),
    time_zone: Type.Optional(
      Type.String({ description: "Of the store, where `asked` has no offset.", examples: ["Europe/Oslo"] }),
    ),
    instants: Type.Array(
      Type.Object({
        at: Time,
        local: Type.Optional(
          Type.String({ format: "date-time", description: "What clocks in the store showed then." }),
        ),
      }),
      {
        description:
          "The instants that `asked` means: two, if clocks in the store showed it twice. Each has its part of the page. Of a time " +
          "that clocks skipped, it is the first instant after that.",
      },
    ),
    text: Type.String({ description: "The same as a sentence." }),
    gap: Type.Optional(
      Type.Object(
        { starting_after: EntryId, ending_before: EntryId },
        {
          description: "Of two instants: there is more between the two parts, and a request with both of these has it.",
        },
      ),
    ),
  },
  { description: "With `around`: which instants were taken." },
);
export type TimelineAround = Static<typeof TimelineAround>;

export const Timeline = Type.Object({
  entries: Type.Array(TimelineEntry, { description: "Newest first." }),
  starting_after: Type.Optional(
    Type.String({ description: "`starting_after` of the request for what was before; absent where nothing was." }),
  ),
  ending_before: Type.Optional(
    Type.String({ description: "`ending_before` of the request for what came after; absent where nothing did." }),
  ),
  around: Type.Optional(TimelineAround),
});
export type Timeline = Static<typeof Timeline>;

export const TimelineQuery = Type.Object(
  {
    "at.gte": Type.Optional(SpanStart),
    "at.lte": Type.Optional(SpanEnd),
    around: Type.Optional(
      Type.String({
        pattern: aroundPattern,
        description:
          "A time to look around: half of the page before it, half from it on. Without an offset it is the store's own time. Of no effect " +
          "beside a cursor, so that the request of a further page may repeat it.",
        examples: ["2026-06-29T23:31", "2026-06-29T21:31:00Z"],
      }),
    ),
    starting_after: Type.Optional(Type.String({ pattern: entryIdPattern, description: "What was before this entry." })),
    ending_before: Type.Optional(
      Type.String({
        pattern: entryIdPattern,
        description: "What came after this entry; beside `starting_after`, what is between.",
      }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50, description: "How many entries at most." }),
  },
  { additionalProperties: false },
);
export type TimelineQuery = Static<typeof TimelineQuery>;

const tag = "Timeline";
const common = {
  method: "GET",
  scopes: readOperations,
  // It shows presence and changes, too.
  alsoScopes: readAccounts,
  tag,
  query: TimelineQuery,
  answers: { 200: Timeline },
  examples: { answer: timelineExample },
} as const;

export const timelineEndpoints = {
  ofTerminal: endpoint({
    ...common,
    path: "/v1/accounts/:aid/terminals/:terminal_id/timeline",
    id: "terminal_timeline_get",
    summary: "What happened to a terminal: all that is known of it in one list, newest first",
    params: ofTerminal,
    errors: ["terminal_not_found"],
  }),
  ofStore: endpoint({
    ...common,
    path: "/v1/accounts/:aid/stores/:store_id/timeline",
    id: "store_timeline_get",
    summary: "What happened in a store, and to its terminals while they were there, newest first",
    params: ofStore,
    errors: ["store_not_found"],
  }),
};
