import { type Static, type TSchema, Type } from "typebox";
import { PresenceReason, PresenceStatus, presenceStatuses } from "../presence.ts";
import { SpanEnd, SpanStart, Time, Uuid } from "../scalars.ts";
import { readAccounts, writeAccounts } from "../scopes.ts";
import { DeviceFault, Telemetry, type TelemetryField, telemetryHistoryFields } from "../telemetry.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofAccount, ofStore, ofTerminal, PathId } from "./params.ts";
import type { Resource } from "./resource.ts";

const RoundTrip = Type.Integer({
  minimum: 0,
  description: "Milliseconds to the terminal and back, when last measured.",
});

/** The presence of one terminal. */
export const TerminalPresence = Type.Object({
  terminal_id: Type.String({ examples: ["T12233302-T0001"] }),
  status: PresenceStatus,
  since: Type.String({ format: "date-time", description: "Since when it has this status." }),
  last_heard_at: Type.Optional(Time),
  next_expected_at: Type.Optional(
    Type.String({ format: "date-time", description: "While it is connected: when its next message is expected." }),
  ),
  round_trip_ms: Type.Optional(RoundTrip),
  fault: Type.Optional(
    Type.Object(
      {
        ...DeviceFault.properties,
        at: Time,
        ended_at: Type.Optional(
          Type.String({ format: "date-time", description: "When the device stopped reporting it." }),
        ),
      },
      {
        description:
          "The last fault that the device reported, or `address_shared`, which the server finds: two devices use its address.",
      },
    ),
  ),
});
export type TerminalPresence = Static<typeof TerminalPresence>;

export const PresenceChange = Type.Object({
  id: Uuid,
  at: Time,
  status: PresenceStatus,
  reason: PresenceReason,
});
export type PresenceChange = Static<typeof PresenceChange>;

export const PresenceChangeList = Type.Object({ changes: Type.Array(PresenceChange), starting_after: nextPage });
export type PresenceChangeList = Static<typeof PresenceChangeList>;

const Count = Type.Integer({ minimum: 0 });
export const PresenceCounts = Type.Object({
  online: Count,
  late: Count,
  offline: Count,
  never: Count,
  shut_down: Count,
});
export type PresenceCounts = Static<typeof PresenceCounts>;

const storeFields = {
  id: Type.String({ examples: ["P11223351-0026"] }),
  store_id: Type.String({ examples: ["S312"] }),
  counts: PresenceCounts,
  worst: Type.Optional(
    Type.Enum(presenceStatuses, {
      description:
        "The most severe status of its terminals, in the order offline, late, never, shut_down, online. Absent without terminals.",
    }),
  ),
};

export const StorePresenceSummary = Type.Object(storeFields);
export type StorePresenceSummary = Static<typeof StorePresenceSummary>;

export const StorePresenceList = Type.Object({ stores: Type.Array(StorePresenceSummary), starting_after: nextPage });
export type StorePresenceList = Static<typeof StorePresenceList>;

const ReportedBy = Type.String({
  description: "Serial number of the device that reported it, which may have been replaced by another one since.",
  examples: ["123456789012"],
});

const latest = <T extends TSchema>(value: T, atMost = "five minutes") =>
  Type.Optional(
    Type.Object({
      value,
      since: Type.String({ format: "date-time", description: "Since when it has this value." }),
      at: Type.String({
        format: "date-time",
        description: `When the terminal last reported it, or up to ${atMost} before that.`,
      }),
      device_serial_number: ReportedBy,
    }),
  );
const fields = Telemetry.properties;

const latestOfEach = {
  software_version: latest(fields.software_version),
  configuration_version: latest(fields.configuration_version),
  battery: latest(fields.battery),
  link: latest(fields.link),
  printer: latest(fields.printer),
  unsent_batch: latest(fields.unsent_batch),
  open_batch: latest(fields.open_batch, "a minute"),
} satisfies Record<TelemetryField, TSchema>;

/** The telemetry of a terminal: the latest value of each field, however old. */
export const TerminalTelemetry = Type.Object({ terminal_id: Type.String(), telemetry: Type.Object(latestOfEach) });
export type TerminalTelemetry = Static<typeof TerminalTelemetry>;

/** The terminals of a store, with their presence. */
export const StorePresence = Type.Object({
  ...storeFields,
  terminals: Type.Array(
    Type.Object({
      ...TerminalPresence.properties,
      telemetry: Type.Optional(
        Type.Object(latestOfEach, {
          description: "With `includes=telemetry` only: the latest value of each field, however old.",
        }),
      ),
    }),
  ),
});
export type StorePresence = Static<typeof StorePresence>;

export const TelemetryChange = Type.Object({
  id: Uuid,
  field: Type.Enum(telemetryHistoryFields),
  value: Type.Unknown({ description: "As the terminal reported it." }),
  at: Time,
  device_serial_number: ReportedBy,
});
export type TelemetryChange = Static<typeof TelemetryChange>;

export const TelemetryHistory = Type.Object({ changes: Type.Array(TelemetryChange), starting_after: nextPage });
export type TelemetryHistory = Static<typeof TelemetryHistory>;

/** The outcome of a probe. */
export const ProbeOutcome = Type.Object({
  reachable: Type.Boolean(),
  round_trip_ms: Type.Optional(RoundTrip),
  reason: Type.Optional(
    Type.Enum(["not_connected", "no_answer"], {
      description:
        "Why it is not reachable. not_connected: it has no connection. no_answer: it did not answer over its connection.",
    }),
  ),
  presence: TerminalPresence,
});
export type ProbeOutcome = Static<typeof ProbeOutcome>;

const tag = "Presence";
const terminalPath = "/v1/accounts/:aid/terminals/:terminal_id";

const history = {
  "at.gte": Type.Optional(SpanStart),
  "at.lte": Type.Optional(SpanEnd),
  starting_after: startingAfterUuid,
  limit,
};
const ChangeQuery = Type.Object(history, { additionalProperties: false });
const HistoryQuery = Type.Object(
  { ...history, field: Type.Optional(Type.Enum(telemetryHistoryFields)) },
  { additionalProperties: false },
);
const IncludesQuery = Type.Object(
  {
    includes: Type.Optional(
      Type.Array(Type.Enum(["telemetry"]), { maxItems: 1, description: "`telemetry` shows that of each terminal." }),
    ),
  },
  { additionalProperties: false },
);
const StoreQuery = Type.Object({ limit, starting_after: Type.Optional(PathId) }, { additionalProperties: false });

const presence = { path: `${terminalPath}/presence`, schema: TerminalPresence } as const satisfies Resource;
const telemetry = { path: `${terminalPath}/telemetry`, schema: TerminalTelemetry } as const satisfies Resource;
const storePresence = {
  path: "/v1/accounts/:aid/stores/:store_id/presence",
  schema: StorePresence,
} as const satisfies Resource;

export const presenceEndpoints = {
  ofTerminal: endpoint({
    method: "GET",
    path: presence.path,
    resource: presence,
    scopes: readAccounts,
    id: "terminal_presence_get",
    summary: "The presence of a terminal",
    tag,
    params: ofTerminal,
    answers: { 200: TerminalPresence },
    errors: ["terminal_not_found"],
  }),
  listChanges: endpoint({
    method: "GET",
    path: `${terminalPath}/presence/changes`,
    scopes: readAccounts,
    id: "terminal_presence_changes_get",
    summary: "List the changes of a terminal's presence, newest first",
    tag,
    params: ofTerminal,
    query: ChangeQuery,
    answers: { 200: PresenceChangeList },
    errors: ["terminal_not_found"],
  }),
  probe: endpoint({
    method: "POST",
    path: `${terminalPath}/probe`,
    scopes: writeAccounts,
    id: "terminal_probe_post",
    repeatable: true,
    summary: "Probe a terminal: ask it for an answer over its connection; takes three seconds at most",
    tag,
    params: ofTerminal,
    answers: { 200: ProbeOutcome },
    errors: ["terminal_not_found"],
  }),
  telemetry: endpoint({
    method: "GET",
    path: telemetry.path,
    resource: telemetry,
    scopes: readAccounts,
    id: "terminal_telemetry_get",
    summary: "The telemetry of a terminal: the latest value of each field",
    tag,
    params: ofTerminal,
    answers: { 200: TerminalTelemetry },
    errors: ["terminal_not_found"],
  }),
  telemetryHistory: endpoint({
    method: "GET",
    path: `${terminalPath}/telemetry/history`,
    scopes: readAccounts,
    id: "terminal_telemetry_history_get",
    summary: "List the changes of a terminal's telemetry, newest first",
    tag,
    params: ofTerminal,
    query: HistoryQuery,
    answers: { 200: TelemetryHistory },
    errors: ["terminal_not_found"],
  }),
  ofStore: endpoint({
    method: "GET",
    path: storePresence.path,
    resource: storePresence,
    scopes: readAccounts,
    id: "store_presence_get",
    summary: "The presence of a store's terminals",
    tag,
    params: ofStore,
    query: IncludesQuery,
    answers: { 200: StorePresence },
    errors: ["store_not_found"],
  }),
  list: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/presence",
    scopes: readAccounts,
    id: "aid_presence_get",
    summary: "List the stores with the number of their terminals by presence, newest first",
    tag,
    params: ofAccount,
    query: StoreQuery,
    answers: { 200: StorePresenceList },
  }),
};
