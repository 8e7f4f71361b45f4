import { Type } from "typebox";
import { readAccounts, type Scope, writeAccounts } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { ListQuery } from "./paging.ts";
import { ofAccount, ofStore } from "./params.ts";
import type { Resource } from "./resource.ts";
import { StoreConfiguration, StoreConfigurationPatch } from "./store-configuration.ts";
import { Store, StoreCreate, StoreIncludes, StoreList, StoreReplacement, storeFilters } from "./stores.ts";

const tag = "Stores";
const operators = ["admin:accounts"] as const satisfies readonly Scope[];
const list = "/v1/accounts/:aid/stores";
const one = `${list}/:store_id` as const;
const store = {
  path: one,
  schema: Store,
  beside: ["terminals", "number_of_terminals", "operator_payout_destinations"],
} as const satisfies Resource;
const configuration = {
  path: `${one}/configuration`,
  schema: StoreConfiguration,
  beside: ["autopilot"],
} as const satisfies Resource;

export const storeEndpoints = {
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readAccounts,
    id: "aid_account_management_stores_get",
    summary: "List stores, newest first",
    tag,
    params: ofAccount,
    query: Type.Object({ ...ListQuery.properties, ...storeFilters }, { additionalProperties: false }),
    answers: { 200: StoreList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: store,
    scopes: readAccounts,
    id: "aid_account_management_stores_sid_get",
    summary: "One store with its terminals",
    tag,
    params: ofStore,
    query: Type.Object({ includes: StoreIncludes }, { additionalProperties: false }),
    answers: { 200: Store },
    errors: ["store_not_found"],
  }),
  create: endpoint({
    method: "POST",
    path: list,
    resource: store,
    scopes: writeAccounts,
    id: "aid_account_management_stores_post",
    summary: "Create a store",
    tag,
    params: ofAccount,
    body: StoreCreate,
    answers: { 201: Store },
    errors: [
      "payout_destination_not_found",
      "payout_destination_rules",
      "organization_not_registered",
      "organization_dissolved",
      "store_id_taken",
      "register_unavailable",
    ],
  }),
  replace: endpoint({
    method: "PUT",
    path: one,
    resource: store,
    scopes: writeAccounts,
    id: "aid_account_management_stores_sid_put",
    summary: "Replace a store; absent fields are cleared, except its store_id",
    tag,
    params: ofStore,
    body: StoreReplacement,
    answers: { 200: Store },
    errors: [
      "payout_destination_not_found",
      "payout_destination_rules",
      "organization_not_registered",
      "organization_dissolved",
      "store_not_found",
      "store_id_taken",
      "register_unavailable",
    ],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    resource: store,
    scopes: writeAccounts,
    id: "aid_account_management_stores_sid_delete",
    summary: "Delete a store without terminals; its store_id can be used again",
    tag,
    params: ofStore,
    answers: { 200: Store },
    errors: ["store_not_found", "store_has_terminals"],
  }),
  getConfiguration: endpoint({
    method: "GET",
    path: configuration.path,
    resource: configuration,
    scopes: readAccounts,
    id: "aid_account_management_stores_sid_configuration_get",
    summary: "The configuration of a store, defaults filled in",
    tag,
    params: ofStore,
    answers: { 200: StoreConfiguration },
    errors: ["store_not_found"],
  }),
  patchConfiguration: endpoint({
    method: "PATCH",
    path: configuration.path,
    resource: configuration,
    scopes: writeAccounts,
    id: "aid_account_management_stores_sid_configuration_patch",
    summary: "Change parts of a store's configuration; null restores the default",
    tag,
    params: ofStore,
    body: StoreConfigurationPatch,
    answers: { 200: StoreConfiguration },
    errors: ["store_not_found"],
  }),
  suspend: endpoint({
    method: "POST",
    path: `${one}/suspend`,
    resource: store,
    scopes: operators,
    id: "store_suspend_post",
    repeatable: true,
    summary: "Suspend a store; its terminals turn INACTIVE",
    tag,
    params: ofStore,
    answers: { 200: Store },
    errors: ["store_not_found"],
  }),
  resume: endpoint({
    method: "POST",
    path: `${one}/resume`,
    resource: store,
    scopes: operators,
    id: "store_resume_post",
    repeatable: true,
    summary: "End the operator's suspension of a store",
    tag,
    params: ofStore,
    answers: { 200: Store },
    errors: ["store_not_found"],
  }),
};
