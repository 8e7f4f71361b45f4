import { AccountId } from "@tillkeeper/contract/accounts";
import {
  Store,
  StoreConfiguration,
  StoreConfigurationPatch,
  StoreCreate,
  StoreIncludes,
  StoreList,
  storeFilters,
} from "@tillkeeper/contract/http/stores";
import { readAccounts, type Scope, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { ListQuery } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { getConfiguration, patchConfiguration } from "./configuration.ts";
import { getStore, getStores } from "./reading.ts";
import { deleteStore, replaceStore } from "./replace.ts";
import { createStore, type StoreDeps } from "./stores.ts";
import { resumeStore, suspendStore } from "./suspension.ts";

const tag = "Stores";
const operators = ["admin:accounts"] as const satisfies readonly Scope[];
const list = "/v1/accounts/:aid/stores";
const one = `${list}/:store_id`;
const ofAccount = Type.Object({ aid: AccountId });
const ofStore = Type.Object({ aid: AccountId, store_id: Type.String({ minLength: 1, maxLength: 255 }) });
const StoreListQuery = Type.Object({ ...ListQuery.properties, ...storeFilters }, { additionalProperties: false });
const StoreQuery = Type.Object({ includes: StoreIncludes }, { additionalProperties: false });

export function storeRoutes(deps: StoreDeps): Route[] {
  return [...readingRoutes(deps), ...changingRoutes(deps), ...configurationRoutes(deps), ...suspensionRoutes(deps)];
}

function readingRoutes(deps: StoreDeps): Route[] {
  return [
    route({
      method: "GET",
      path: list,
      scopes: readAccounts,
      id: "aid_account_management_stores_get",
      summary: "List stores, newest first",
      tag,
      schemas: { params: ofAccount, query: StoreListQuery, responses: { 200: StoreList } },
      handle: async ({ caller, query }) => ({ status: 200, body: await getStores(deps, caller.accountId, query) }),
    }),
    route({
      method: "GET",
      path: one,
      scopes: readAccounts,
      id: "aid_account_management_stores_sid_get",
      summary: "One store with its terminals",
      tag,
      schemas: { params: ofStore, query: StoreQuery, responses: { 200: Store } },
      handle: async ({ caller, params, query }) => ({
        status: 200,
        body: await getStore(deps, caller.accountId, params.store_id, query.includes),
      }),
    }),
  ];
}

function changingRoutes(deps: StoreDeps): Route[] {
  return [
    route({
      method: "POST",
      path: list,
      scopes: writeAccounts,
      id: "aid_account_management_stores_post",
      summary: "Create a store",
      tag,
      schemas: { params: ofAccount, body: StoreCreate, responses: { 201: Store } },
      handle: async ({ caller, body }) => ({ status: 201, body: await createStore(deps, caller, body) }),
    }),
    route({
      method: "PUT",
      path: one,
      scopes: writeAccounts,
      id: "aid_account_management_stores_sid_put",
      summary: "Replace a store; what is left out is cleared, but for its store_id",
      tag,
      schemas: { params: ofStore, body: StoreCreate, responses: { 200: Store } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await replaceStore(deps, caller, params.store_id, body),
      }),
    }),
    route({
      method: "DELETE",
      path: one,
      scopes: writeAccounts,
      id: "aid_account_management_stores_sid_delete",
      summary: "Delete a store without terminals; its store_id can be used again",
      tag,
      schemas: { params: ofStore, responses: { 200: Store } },
      handle: async ({ caller, params }) => ({ status: 200, body: await deleteStore(deps, caller, params.store_id) }),
    }),
  ];
}

function configurationRoutes(deps: StoreDeps): Route[] {
  return [
    route({
      method: "GET",
      path: `${one}/configuration`,
      scopes: readAccounts,
      id: "aid_account_management_stores_sid_configuration_get",
      summary: "How a store is run, defaults filled in",
      tag,
      schemas: { params: ofStore, responses: { 200: StoreConfiguration } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getConfiguration(deps, caller.accountId, params.store_id),
      }),
    }),
    route({
      method: "PATCH",
      path: `${one}/configuration`,
      scopes: writeAccounts,
      id: "aid_account_management_stores_sid_configuration_patch",
      summary: "Change parts of a store's configuration; null goes back to the default",
      tag,
      schemas: { params: ofStore, body: StoreConfigurationPatch, responses: { 200: StoreConfiguration } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await patchConfiguration(deps, caller, params.store_id, body),
      }),
    }),
  ];
}

function suspensionRoutes(deps: StoreDeps): Route[] {
  return [
    route({
      method: "POST",
      path: `${one}/suspend`,
      scopes: operators,
      id: "store_suspend_post",
      summary: "Suspend a store; its terminals turn INACTIVE",
      tag,
      schemas: { params: ofStore, responses: { 200: Store } },
      handle: async ({ caller, params }) => ({ status: 200, body: await suspendStore(deps, caller, params.store_id) }),
    }),
    route({
      method: "POST",
      path: `${one}/resume`,
      scopes: operators,
      id: "store_resume_post",
      summary: "End the operator's suspension of a store",
      tag,
      schemas: { params: ofStore, responses: { 200: Store } },
      handle: async ({ caller, params }) => ({ status: 200, body: await resumeStore(deps, caller, params.store_id) }),
    }),
  ];
}
