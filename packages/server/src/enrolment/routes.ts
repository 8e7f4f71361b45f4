import { terminalEndpoints as terminals } from "@tillkeeper/contract/http/terminal-endpoints";
import { bind, type Route } from "../platform/http/route.ts";
import { type DeletionDeps, deleteTerminal } from "./delete.ts";
import { type CredentialDeps, issueCredential } from "./issue-credential.ts";
import { deviceRoutes, pairingCodeRoutes } from "./pairing/routes.ts";
import type { TokenDeps } from "./pairing/tokens.ts";
import { createTerminal, type TerminalDeps } from "./register.ts";
import { type ReplaceDeviceDeps, replaceDevice } from "./replace-device.ts";
import { syncTerminal } from "./sync.ts";

/** Registering, pairing, replacing and deleting: all that gives or takes a device its place as a terminal. */
export function enrolmentRoutes(
  deps: TerminalDeps & CredentialDeps & DeletionDeps & ReplaceDeviceDeps & TokenDeps,
): Route[] {
  return [
    bind(terminals.create, ({ caller, body }) => createTerminal(deps, caller, body), { givesPower: true }),
    bind(terminals.delete, ({ caller, params }) => deleteTerminal(deps, caller, params.terminal_id), {
      givesPower: true,
    }),
    bind(terminals.sync, ({ caller, params }) => syncTerminal(deps, caller, params.terminal_id), { givesPower: true }),
    bind(terminals.issueCredential, ({ caller, params }) => issueCredential(deps, caller, params.terminal_id), {
      givesPower: true,
    }),
    bind(terminals.replaceDevice, ({ caller, params, body }) => replaceDevice(deps, caller, params.terminal_id, body), {
      givesPower: true,
    }),
    ...pairingCodeRoutes(deps),
    ...deviceRoutes(deps),
  ];
}
