import { AccountId } from "@tillkeeper/contract/accounts";
import {
  Configuration,
  ConfigurationCreate,
  ConfigurationList,
  ConfigurationVersion,
  TerminalConfiguration,
} from "@tillkeeper/contract/http/configurations";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import { ReleaseModel } from "@tillkeeper/contract/http/releases";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import {
  addConfiguration,
  type ConfigurationDeps,
  getConfiguration,
  getConfigurationOfTerminal,
  getConfigurations,
  withdrawConfiguration,
} from "./configurations.ts";

const tag = "Updates";
const list = "/v1/accounts/:aid/configurations";
const ofAccount = Type.Object({ aid: AccountId });
const ofConfiguration = Type.Object({ aid: AccountId, version: ConfigurationVersion });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 64 }) });
const ConfigurationListQuery = Type.Object(
  {
    device_model: Type.Optional(ReleaseModel),
    store_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    limit: ListQuery.properties.limit,
    starting_after: Type.Optional(ConfigurationVersion),
  },
  { additionalProperties: false },
);

export function configurationRoutes(deps: ConfigurationDeps): Route[] {
  return [...collectionRoutes(deps), ...memberRoutes(deps)];
}

function collectionRoutes(deps: ConfigurationDeps): Route[] {
  return [
    route({
      method: "POST",
      path: list,
      scopes: writeAccounts,
      id: "aid_configurations_post",
      summary: "Lay down what terminals are to be set to: all, those of a model, of a store, or both",
      tag,
      schemas: { params: ofAccount, body: ConfigurationCreate, responses: { 201: Configuration } },
      handle: async ({ caller, body }) => ({ status: 201, body: await addConfiguration(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: list,
      scopes: readAccounts,
      id: "aid_configurations_get",
      summary: "List configurations, newest first",
      tag,
      schemas: { params: ofAccount, query: ConfigurationListQuery, responses: { 200: ConfigurationList } },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getConfigurations(deps, caller.accountId, query),
      }),
    }),
  ];
}

function memberRoutes(deps: ConfigurationDeps): Route[] {
  return [
    route({
      method: "GET",
      path: `${list}/:version`,
      scopes: readAccounts,
      id: "aid_configurations_version_get",
      summary: "One configuration",
      tag,
      schemas: { params: ofConfiguration, responses: { 200: Configuration } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getConfiguration(deps, caller.accountId, params.version),
      }),
    }),
    route({
      method: "DELETE",
      path: `${list}/:version`,
      scopes: writeAccounts,
      id: "aid_configurations_version_delete",
      summary: "Withdraw a configuration: it holds for no terminal any more",
      tag,
      schemas: { params: ofConfiguration, responses: { 200: Configuration } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await withdrawConfiguration(deps, caller, params.version),
      }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/terminals/:terminal_id/configuration",
      scopes: readAccounts,
      id: "aid_terminals_termid_configuration_get",
      summary: "What a terminal is to be set to, and what it reported last",
      tag,
      schemas: { params: ofTerminal, responses: { 200: TerminalConfiguration } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getConfigurationOfTerminal(deps, caller.accountId, params.terminal_id),
      }),
    }),
  ];
}
