import { terminalEndpoints as terminals } from "@tillkeeper/contract/http/terminal-endpoints";
import { type DeletionDeps, deleteTerminal } from "../enrolment/delete.ts";
import { type CredentialDeps, issueCredential } from "../enrolment/issue-credential.ts";
import { deviceRoutes, pairingCodeRoutes } from "../enrolment/pairing/routes.ts";
import type { TokenDeps } from "../enrolment/pairing/tokens.ts";
import { createTerminal, getTerminal, type TerminalDeps } from "../enrolment/register.ts";
import { type FormerDeviceDeps, getDevices, replaceDevice } from "../enrolment/replace-device.ts";
import { bind, type Route } from "../platform/http/route.ts";
import { getTerminals } from "./record/list.ts";
import { updateTerminal } from "./record/update.ts";

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
