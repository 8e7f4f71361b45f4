import { timelineEndpoints as timeline } from "@tillkeeper/contract/http/timeline";
import { bind, type Route } from "../platform/http/route.ts";
import { type TimelineDeps, timelineOfStore, timelineOfTerminal } from "./read.ts";

/** What happened to a terminal, and in a store. */
export function timelineRoutes(deps: TimelineDeps): Route[] {
  return [
    bind(timeline.ofTerminal, ({ caller: { accountId }, params: { terminal_id: terminalId }, query }) =>
      timelineOfTerminal(deps, { accountId, terminalId }, query),
    ),
    bind(timeline.ofStore, ({ caller: { accountId }, params: { store_id: storeId }, query }) =>
      timelineOfStore(deps, { accountId, storeId }, query),
    ),
  ];
}
