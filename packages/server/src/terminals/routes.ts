import { AccountId } from "@tillkeeper/contract/accounts";
import { Terminal, TerminalCreate, TerminalCredential, TerminalList } from "@tillkeeper/contract/http/terminals";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { ListQuery } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { type CredentialDeps, issueCredential } from "./credentials.ts";
import { createTerminal, getTerminal, getTerminals, type TerminalDeps } from "./terminals.ts";

const tag = "Terminals";
const ofAccount = Type.Object({ aid: AccountId });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 255 }) });

export function terminalRoutes(deps: TerminalDeps & CredentialDeps): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/accounts/:aid/terminals",
      scopes: writeAccounts,
      id: "aid_account_management_terminals_post",
      summary: "Register a terminal in a store",
      tag,
      schemas: { params: ofAccount, body: TerminalCreate, responses: { 201: Terminal } },
      handle: async ({ caller, body }) => ({ status: 201, body: await createTerminal(deps, caller, body) }),
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
        query: ListQuery,
        responses: { 200: TerminalList },
      },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getTerminals(deps, caller.accountId, query),
      }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/terminals/:terminal_id",
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
      method: "POST",
      path: "/v1/accounts/:aid/terminals/:terminal_id/credentials",
      scopes: writeAccounts,
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
