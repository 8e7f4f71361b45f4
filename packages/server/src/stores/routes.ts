import { AccountId } from "@tillkeeper/contract/accounts";
import { Store, StoreCreate, StoreList } from "@tillkeeper/contract/http/stores";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { ListQuery } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { createStore, getStore, getStores, type StoreDeps } from "./stores.ts";

const tag = "Stores";
const ofAccount = Type.Object({ aid: AccountId });
const ofStore = Type.Object({ aid: AccountId, store_id: Type.String({ minLength: 1, maxLength: 255 }) });

export function storeRoutes(deps: StoreDeps): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/accounts/:aid/stores",
      scopes: writeAccounts,
      id: "aid_account_management_stores_post",
      summary: "Create a store",
      tag,
      schemas: { params: ofAccount, body: StoreCreate, responses: { 201: Store } },
      handle: async ({ caller, body }) => ({ status: 201, body: await createStore(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/stores",
      scopes: readAccounts,
      id: "aid_account_management_stores_get",
      summary: "List stores, newest first",
      tag,
      schemas: {
        params: ofAccount,
        query: ListQuery,
        responses: { 200: StoreList },
      },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getStores(deps, caller.accountId, query),
      }),
    }),
    route({
      method: "GET",
      path: "/v1/accounts/:aid/stores/:store_id",
      scopes: readAccounts,
      id: "aid_account_management_stores_sid_get",
      summary: "One store with its terminals",
      tag,
      schemas: { params: ofStore, responses: { 200: Store } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getStore(deps, caller.accountId, params.store_id),
      }),
    }),
  ];
}
