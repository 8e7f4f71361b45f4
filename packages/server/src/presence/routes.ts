import { presenceEndpoints as presence } from "@tillkeeper/contract/http/presence";
import { bind, type Route } from "../platform/http/route.ts";
import { probeTerminal } from "./probes/probe-terminal.ts";
import type { Probes } from "./probes/probes.ts";
import {
  getChanges,
  getPresence,
  getStorePresence,
  getStoresPresence,
  getTelemetry,
  getTelemetryHistory,
  type ReadingDeps,
} from "./reading/reading.ts";

export function presenceRoutes(deps: ReadingDeps & { probes: Pick<Probes, "ask"> }): Route[] {
  return [
    bind(presence.ofTerminal, ({ caller, params }) => getPresence(deps, caller.accountId, params.terminal_id)),
    bind(presence.listChanges, ({ caller, params, query }) =>
      getChanges(deps, caller.accountId, params.terminal_id, query),
    ),
    bind(presence.probe, ({ caller, params }) => probeTerminal(deps, caller.accountId, params.terminal_id)),
    bind(presence.telemetry, ({ caller, params }) => getTelemetry(deps, caller.accountId, params.terminal_id)),
    bind(presence.telemetryHistory, ({ caller, params, query }) =>
      getTelemetryHistory(deps, caller.accountId, params.terminal_id, query),
    ),
    bind(presence.ofStore, ({ caller, params, query: { includes } }) =>
      getStorePresence(deps, caller.accountId, { storeId: params.store_id, includes }),
    ),
    bind(presence.list, ({ caller, query }) => getStoresPresence(deps, caller.accountId, query)),
  ];
}
