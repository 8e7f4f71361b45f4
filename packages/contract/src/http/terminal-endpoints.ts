import { Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { readAccounts, writeAccounts } from "../scopes.ts";
import {
  DeviceReplacement,
  Pairing,
  PairingCodeCreate,
  PairingCodeList,
  TerminalDeviceList,
  TerminalWithPairing,
} from "./devices.ts";
import { endpoint } from "./endpoint.ts";
import { ListQuery } from "./paging.ts";
import {
  Terminal,
  TerminalCreate,
  TerminalCredential,
  TerminalList,
  TerminalUpdate,
  terminalFilters,
} from "./terminals.ts";

const tag = "Terminals";
const list = "/v1/accounts/:aid/terminals";
const one = `${list}/:terminal_id` as const;
const ofAccount = Type.Object({ aid: AccountId });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 255 }) });
const TerminalQuery = Type.Object({ ...ListQuery.properties, ...terminalFilters }, { additionalProperties: false });

export const terminalEndpoints = {
  issuePairingCode: endpoint({
    method: "POST",
    path: `${one}/pairing-codes`,
    scopes: writeAccounts,
    id: "terminal_pairing_codes_post",
    summary: "Make a pairing code for a device; the terminal's earlier code ends",
    tag,
    params: ofTerminal,
    body: PairingCodeCreate,
    answers: { 201: Pairing },
    bodyOptional: true,
    errors: ["terminal_not_found", "virtual_terminal"],
  }),
  listPairingCodes: endpoint({
    method: "GET",
    path: `${one}/pairing-codes`,
    scopes: readAccounts,
    id: "terminal_pairing_codes_get",
    summary: "List a terminal's pairing codes with their statuses, newest first",
    tag,
    params: ofTerminal,
    answers: { 200: PairingCodeList },
    errors: ["terminal_not_found"],
  }),
  create: endpoint({
    method: "POST",
    path: list,
    scopes: writeAccounts,
    id: "aid_account_management_terminals_post",
    summary: "Register a terminal in a store",
    tag,
    params: ofAccount,
    body: TerminalCreate,
    answers: { 201: TerminalWithPairing },
    errors: ["simulated_not_allowed", "serial_number_taken"],
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readAccounts,
    id: "aid_account_management_terminals_get",
    summary: "List terminals, newest first",
    tag,
    params: ofAccount,
    query: TerminalQuery,
    answers: { 200: TerminalList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    scopes: readAccounts,
    id: "aid_account_management_terminals_termid_get",
    summary: "One terminal",
    tag,
    params: ofTerminal,
    answers: { 200: Terminal },
    errors: ["terminal_not_found"],
  }),
  update: endpoint({
    method: "PUT",
    path: one,
    scopes: writeAccounts,
    id: "aid_account_management_terminals_termid_put",
    summary: "Move a terminal to another store, or name its model",
    tag,
    params: ofTerminal,
    body: TerminalUpdate,
    answers: { 200: Terminal },
    errors: ["terminal_not_found"],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    scopes: writeAccounts,
    id: "aid_account_management_terminals_termid_delete",
    summary: "Remove a terminal; a connected one closes its day first",
    tag,
    params: ofTerminal,
    answers: { 200: Terminal },
    errors: ["terminal_not_found"],
  }),
  issueCredential: endpoint({
    method: "POST",
    path: `${one}/credentials`,
    scopes: writeAccounts,
    id: "terminal_credentials_post",
    summary: "Give a terminal a new MQTT credential; the old credential ends at once",
    tag,
    params: ofTerminal,
    answers: { 201: TerminalCredential },
    errors: ["terminal_not_found", "virtual_terminal"],
  }),
  replaceDevice: endpoint({
    method: "POST",
    path: `${one}/device`,
    scopes: writeAccounts,
    id: "terminal_device_post",
    summary: "Replace a terminal's device by another one; id and history of the terminal stay",
    tag,
    params: ofTerminal,
    body: DeviceReplacement,
    answers: { 200: TerminalWithPairing },
    errors: [
      "simulated_not_allowed",
      "terminal_not_found",
      "serial_number_taken",
      "operation_pending",
      "virtual_terminal",
      "device_unchanged",
    ],
  }),
  listDevices: endpoint({
    method: "GET",
    path: `${one}/devices`,
    scopes: readAccounts,
    id: "terminal_devices_get",
    summary: "List a terminal's present device and its former ones, newest first",
    tag,
    params: ofTerminal,
    answers: { 200: TerminalDeviceList },
    errors: ["terminal_not_found"],
  }),
};
