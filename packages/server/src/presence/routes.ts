import { AccountId } from "@tillkeeper/contract/accounts";
import {
  PresenceChangeList,
  ProbeOutcome,
  StorePresence,
  StorePresenceList,
  TelemetryHistory,
  TerminalPresence,
  TerminalTelemetry,
} from "@tillkeeper/contract/http/presence";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { telemetryFields } from "@tillkeeper/contract/telemetry";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import type { Probes } from "./probes.ts";
import { probeTerminal } from "./probing.ts";
import {
  getChanges,
  getPresence,
  getStorePresence,
  getStoresPresence,
  getTelemetry,
  getTelemetryHistory,
  type ReadingDeps,
} from "./reading.ts";

const tag = "Presence";
const Name = Type.String({ minLength: 1, maxLength: 255 });
const Time = Type.String({ format: "date-time" });
const ofAccount = Type.Object({ aid: AccountId });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Name });
const ofStore = Type.Object({ aid: AccountId, store_id: Name });

const limit = Type.Integer({ minimum: 1, maximum: 100, default: 10, description: "How many rows at most." });
const history = {
  "at.gte": Type.Optional(Time),
  "at.lte": Type.Optional(Time),
  starting_after: Type.Optional(Type.String({ format: "uuid", description: "`starting_after` of the page before." })),
  limit,
};
const ChangeQuery = Type.Object(history, { additionalProperties: false });
const HistoryQuery = Type.Object(
  { ...history, field: Type.Optional(Type.Enum(telemetryFields)) },
  { additionalProperties: false },
);
const StoreQuery = Type.Object({ limit, starting_after: Type.Optional(Name) }, { additionalProperties: false });

export function presenceRoutes(deps: ReadingDeps & { probes: Pick<Probes, "ask"> }): Route[] {
  return [...terminalRoutes(deps), ...telemetryRoutes(deps), ...storeRoutes(deps)];
}

const terminalPath = "/v1/accounts/:aid/terminals/:terminal_id";

function terminalRoutes(deps: ReadingDeps & { probes: Pick<Probes, "ask"> }): Route[] {
  return [
    route({
      method: "GET",
      path: `${terminalPath}/presence`,
      scopes: readAccounts,
      id: "terminal_presence_get",
      summary: "Whether a terminal is there",
      tag,
      schemas: { params: ofTerminal, responses: { 200: TerminalPresence } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getPresence(deps, caller.accountId, params.terminal_id),
      }),
    }),
    route({
      method: "GET",
      path: `${terminalPath}/presence/changes`,
      scopes: readAccounts,
      id: "terminal_presence_changes_get",
      summary: "When a terminal was there and when not, newest first",
      tag,
      schemas: { params: ofTerminal, query: ChangeQuery, responses: { 200: PresenceChangeList } },
      handle: async ({ caller, params, query }) => ({
        status: 200,
        body: await getChanges(deps, caller.accountId, params.terminal_id, query),
      }),
    }),
    route({
      method: "POST",
      path: `${terminalPath}/probe`,
      scopes: writeAccounts,
      id: "terminal_probe_post",
      summary: "Ask a terminal whether it is there; answered within three seconds",
      tag,
      schemas: { params: ofTerminal, responses: { 200: ProbeOutcome } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await probeTerminal(deps, caller.accountId, params.terminal_id),
      }),
    }),
  ];
}

function telemetryRoutes(deps: ReadingDeps): Route[] {
  return [
    route({
      method: "GET",
      path: `${terminalPath}/telemetry`,
      scopes: readAccounts,
      id: "terminal_telemetry_get",
      summary: "What a terminal last told of itself",
      tag,
      schemas: { params: ofTerminal, responses: { 200: TerminalTelemetry } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getTelemetry(deps, caller.accountId, params.terminal_id),
      }),
    }),
    route({
      method: "GET",
      path: `${terminalPath}/telemetry/history`,
      scopes: readAccounts,
      id: "terminal_telemetry_history_get",
      summary: "What changed in what a terminal tells of itself, newest first",
      tag,
      schemas: { params: ofTerminal, query: HistoryQuery, responses: { 200: TelemetryHistory } },
      handle: async ({ caller, params, query }) => ({
        status: 200,
        body: await getTelemetryHistory(deps, caller.accountId, params.terminal_id, query),
      }),
    }),
  ];
}

function storeRoutes(deps: ReadingDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/accounts/:aid/stores/:store_id/presence",
      scopes: readAccounts,
      id: "store_presence_get",
      summary: "Which terminals of a store are there",
      tag,
      schemas: { params: ofStore, responses: { 200: StorePresence } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getStorePresence(deps, caller.accountId, params.store_id),
      }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/presence",
      scopes: readAccounts,
      id: "aid_presence_get",
      summary: "How many terminals of each store are there; stores newest first",
      tag,
      schemas: { params: ofAccount, query: StoreQuery, responses: { 200: StorePresenceList } },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getStoresPresence(deps, caller.accountId, query),
      }),
    }),
  ];
}
