import { type Static, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { Time } from "../scalars.ts";
import { readAccounts, writeAccounts } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage } from "./paging.ts";
import { ofAccount } from "./params.ts";
import { ReleaseModel } from "./releases.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

const Content = Type.Object(
  {},
  {
    additionalProperties: true,
    description: "The settings, in the form that the terminals' software reads; at most 32 KiB.",
  },
);
const ConfigurationVersion = Type.String({
  pattern: "^[1-9]\\d{0,8}$",
  description: "1, 2, 3 … within the account.",
  examples: ["1"],
});

/** A new configuration: for a model, a store, a model in a store, or, with neither, for all terminals of the account. */
const ConfigurationInput = Type.Object(
  {
    device_model: Type.Optional(ReleaseModel),
    store_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: "The store's `store_id`, or its generated `id`.",
        examples: ["S312"],
      }),
    ),
    content: Content,
  },
  { additionalProperties: false },
);
export type ConfigurationCreate = Static<typeof ConfigurationInput>;

export const Configuration = Type.Object({
  version: ConfigurationVersion,
  device_model: Type.Optional(Type.String()),
  store_id: Type.Optional(Type.String()),
  content: Content,
  created_at: Time,
  created_by: Type.String(),
  withdrawn_at: Type.Optional(
    Type.String({ format: "date-time", description: "From then on it holds for no terminal." }),
  ),
  withdrawn_by: Type.Optional(Type.String()),
});
export type Configuration = Static<typeof Configuration>;

export const ConfigurationCreate = takesBack(ConfigurationInput, Configuration);

export const ConfigurationList = Type.Object({
  configurations: Type.Array(Configuration),
  starting_after: nextPage,
});
export type ConfigurationList = Static<typeof ConfigurationList>;

/** The configuration that a terminal should have, and the versions that it reported last. */
export const TerminalConfiguration = Type.Object({
  terminal_id: Type.String(),
  configuration: Type.Union([Configuration, Type.Null()], { description: "null: there is none for this terminal." }),
  reported: Type.Union(
    [
      Type.Object({
        software_version: Type.Optional(Type.String()),
        configuration_version: Type.Optional(Type.String()),
        at: Time,
      }),
      Type.Null(),
    ],
    {
      description:
        "The versions that it reported last, in a heartbeat or with a completed check_update. null: it has not reported any yet.",
    },
  ),
  up_to_date: Type.Boolean({ description: "It has reported the version that it should have, or there is none." }),
});
export type TerminalConfiguration = Static<typeof TerminalConfiguration>;

export { ConfigurationVersion };

const tag = "Updates";
const list = "/v1/accounts/:aid/configurations";
const configuration = { path: `${list}/:version`, schema: Configuration } as const satisfies Resource;
const terminalConfiguration = {
  path: "/v1/accounts/:aid/terminals/:terminal_id/configuration",
  schema: TerminalConfiguration,
} as const satisfies Resource;
const ofConfiguration = Type.Object({ aid: AccountId, version: ConfigurationVersion });
const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 64 }) });
const ConfigurationListQuery = Type.Object(
  {
    device_model: Type.Optional(ReleaseModel),
    store_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    limit,
    starting_after: Type.Optional(ConfigurationVersion),
  },
  { additionalProperties: false },
);

export const configurationEndpoints = {
  create: endpoint({
    method: "POST",
    path: list,
    resource: configuration,
    scopes: writeAccounts,
    id: "aid_configurations_post",
    summary: "Create a configuration for all terminals, or for those of a model, of a store, or of both",
    tag,
    params: ofAccount,
    body: ConfigurationCreate,
    answers: { 201: Configuration },
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readAccounts,
    id: "aid_configurations_get",
    summary: "List configurations, newest first",
    tag,
    params: ofAccount,
    query: ConfigurationListQuery,
    answers: { 200: ConfigurationList },
  }),
  get: endpoint({
    method: "GET",
    path: configuration.path,
    resource: configuration,
    scopes: readAccounts,
    id: "aid_configurations_version_get",
    summary: "One configuration",
    tag,
    params: ofConfiguration,
    answers: { 200: Configuration },
    errors: ["configuration_not_found"],
  }),
  withdraw: endpoint({
    method: "DELETE",
    path: configuration.path,
    resource: configuration,
    scopes: writeAccounts,
    id: "aid_configurations_version_delete",
    summary: "Withdraw a configuration: it holds for no terminal any more",
    tag,
    params: ofConfiguration,
    answers: { 200: Configuration },
    errors: ["configuration_not_found"],
  }),
  ofTerminal: endpoint({
    method: "GET",
    path: terminalConfiguration.path,
    resource: terminalConfiguration,
    scopes: readAccounts,
    id: "aid_terminals_termid_configuration_get",
    summary: "The configuration that a terminal should have, and the versions that it reported last",
    tag,
    params: ofTerminal,
    answers: { 200: TerminalConfiguration },
    errors: ["terminal_not_found"],
  }),
};
