import { terminalEndpoints as terminals } from "@tillkeeper/contract/http/terminal-endpoints";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { bind, type Route } from "../platform/http/route.ts";
import { getDevices } from "./record/former-devices.ts";
import { getTerminals } from "./record/list.ts";
import { getTerminal } from "./record/read.ts";
import { updateTerminal } from "./record/update.ts";

/** Endpoints that read and change a terminal's record. Those that concern its device are bound in `enrolment`. */
export function terminalRoutes(deps: { db: Db; clock: Clock }): Route[] {
  return [
    bind(terminals.list, ({ caller, query }) => getTerminals(deps, caller.accountId, query)),
    bind(terminals.get, ({ caller, params }) => getTerminal(deps, caller.accountId, params.terminal_id)),
    bind(terminals.update, ({ caller, params, body }) => updateTerminal(deps, caller, params.terminal_id, body)),
    bind(terminals.listDevices, ({ caller, params }) => getDevices(deps, caller.accountId, params.terminal_id)),
  ];
}
