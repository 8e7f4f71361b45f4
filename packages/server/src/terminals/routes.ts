import { AccountId } from "@tillkeeper/contract/accounts";
import { DeviceReplacement, TerminalDeviceList, TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import {
  Terminal,
  TerminalCreate,
  TerminalCredential,
  TerminalList,
  TerminalUpdate,
  terminalFilters,
} from "@tillkeeper/contract/http/terminals";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { type CredentialDeps, issueCredential } from "./credentials.ts";
import { type DeletionDeps, deleteTerminal } from "./deletion.ts";
import { type FormerDeviceDeps, getDevices, replaceDevice } from "./hardware-swap.ts";
import { getTerminals } from "./list.ts";
import { deviceRoutes, pairingCodeRoutes } from "./pairing/routes.ts";
import type { TokenDeps } from "./pairing/tokens.ts";
import { createTerminal, getTerminal, type TerminalDeps } from "./terminals.ts";
import { updateTerminal } from "./update.ts";

const tag = "Terminals";
const ofAccount = Type.Object({ aid: AccountId });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 255 }) });
const TerminalQuery = Type.Object({ ...ListQuery.properties, ...terminalFilters }, { additionalProperties: false });

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
    route({
      method: "POST",
      path: "/v1/accounts/:aid/terminals",
      scopes: writeAccounts,
      givesPower: true,
      id: "aid_account_management_terminals_post",
      summary: "Register a terminal in a store",
      tag,
      schemas: { params: ofAccount, body: TerminalCreate, responses: { 201: TerminalWithPairing } },
      handle: async ({ caller, body }) => ({
        status: 201,
        body: await createTerminal(deps, caller, body),
        headers: { "cache-control": "no-store" },
      }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/terminals",
      scopes: readAccounts,
      id: "aid_account_management_terminals_get",
      summary: "List terminals, newest first",
      tag,
      schemas: {
        params: ofAccount,
        query: TerminalQuery,
        responses: { 200: TerminalList },
      },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getTerminals(deps, caller.accountId, query),
      }),
    }),
  ];
}

function singleRoutes(deps: TerminalDeps & CredentialDeps & DeletionDeps): Route[] {
  const path = "/v1/accounts/:aid/terminals/:terminal_id";
  return [
    route({
      method: "GET",
      path,
      scopes: readAccounts,
      id: "aid_account_management_terminals_termid_get",
      summary: "One terminal",
      tag,
      schemas: { params: ofTerminal, responses: { 200: Terminal } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getTerminal(deps, caller.accountId, params.terminal_id),
      }),
    }),
    route({
      method: "PUT",
      path,
      scopes: writeAccounts,
      id: "aid_account_management_terminals_termid_put",
      summary: "Move a terminal to another store, or name its model",
      tag,
      schemas: { params: ofTerminal, body: TerminalUpdate, responses: { 200: Terminal } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await updateTerminal(deps, caller, params.terminal_id, body),
      }),
    }),
    route({
      method: "DELETE",
      path,
      scopes: writeAccounts,
      givesPower: true,
      id: "aid_account_management_terminals_termid_delete",
      summary: "Remove a terminal; a connected one closes its day first",
      tag,
      schemas: { params: ofTerminal, responses: { 200: Terminal } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await deleteTerminal(deps, caller, params.terminal_id),
      }),
    }),
    route({
      method: "POST",
      path: `${path}/credentials`,
      scopes: writeAccounts,
      givesPower: true,
      id: "terminal_credentials_post",
      summary: "Give a terminal a new MQTT credential; the old one ends at once",
      tag,
      schemas: { params: ofTerminal, responses: { 201: TerminalCredential } },
      handle: async ({ caller, params }) => ({
        status: 201,
        body: await issueCredential(deps, caller, params.terminal_id),
        headers: { "cache-control": "no-store" },
      }),
    }),
  ];
}

function hardwareRoutes(deps: TokenDeps & DeletionDeps & FormerDeviceDeps): Route[] {
  const path = "/v1/accounts/:aid/terminals/:terminal_id";
  return [
    route({
      method: "POST",
      path: `${path}/device`,
      scopes: writeAccounts,
      givesPower: true,
      id: "terminal_device_post",
      summary: "Put another device in the place of a terminal's; identity and history stay",
      tag,
      schemas: { params: ofTerminal, body: DeviceReplacement, responses: { 200: TerminalWithPairing } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await replaceDevice(deps, caller, params.terminal_id, body),
        headers: { "cache-control": "no-store" },
      }),
    }),
    route({
      method: "GET",
      path: `${path}/devices`,
      scopes: readAccounts,
      id: "terminal_devices_get",
      summary: "The devices that a terminal is and was, newest first",
      tag,
      schemas: { params: ofTerminal, responses: { 200: TerminalDeviceList } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getDevices(deps, caller.accountId, params.terminal_id),
      }),
    }),
  ];
}
