import { terminalEndpoints as terminals } from "@tillkeeper/contract/http/terminal-endpoints";
import { bind, type Route } from "../platform/http/route.ts";
import { type CredentialDeps, issueCredential } from "./credentials.ts";
import { type DeletionDeps, deleteTerminal } from "./deletion.ts";
import { type FormerDeviceDeps, getDevices, replaceDevice } from "./hardware-swap.ts";
import { getTerminals } from "./list.ts";
import { deviceRoutes, pairingCodeRoutes } from "./pairing/routes.ts";
import type { TokenDeps } from "./pairing/tokens.ts";
import { createTerminal, getTerminal, type TerminalDeps } from "./terminals.ts";
import { updateTerminal } from "./update.ts";

export function terminalRoutes(
  deps: TerminalDeps & CredentialDeps & DeletionDeps & TokenDeps & FormerDeviceDeps,
): Route[] {
  return [
    ...collectionRoutes(deps),
    ...singleRoutes(deps),
    ...hardwareRoutes(deps),
    ...pairingCodeRoutes(deps),
    ...deviceRoutes(deps),
  ];
}

function collectionRoutes(deps: TerminalDeps): Route[] {
  return [
    bind(terminals.create, ({ caller, body }) => createTerminal(deps, caller, body), { givesPower: true }),
    bind(terminals.list, ({ caller, query }) => getTerminals(deps, caller.accountId, query)),
  ];
}

function singleRoutes(deps: TerminalDeps & CredentialDeps & DeletionDeps): Route[] {
  return [
    bind(terminals.get, ({ caller, params }) => getTerminal(deps, caller.accountId, params.terminal_id)),
    bind(terminals.update, ({ caller, params, body }) => updateTerminal(deps, caller, params.terminal_id, body)),
    bind(terminals.delete, ({ caller, params }) => deleteTerminal(deps, caller, params.terminal_id), {
      givesPower: true,
    }),
    bind(terminals.issueCredential, ({ caller, params }) => issueCredential(deps, caller, params.terminal_id), {
      givesPower: true,
    }),
  ];
}

function hardwareRoutes(deps: TokenDeps & DeletionDeps & FormerDeviceDeps): Route[] {
  return [
    bind(terminals.replaceDevice, ({ caller, params, body }) => replaceDevice(deps, caller, params.terminal_id, body), {
      givesPower: true,
    }),
    bind(terminals.listDevices, ({ caller, params }) => getDevices(deps, caller.accountId, params.terminal_id)),
  ];
}
