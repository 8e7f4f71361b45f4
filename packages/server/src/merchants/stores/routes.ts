import { storeEndpoints as stores } from "@tillkeeper/contract/http/store-endpoints";
import { bind, type Route } from "../../platform/http/route.ts";
import { getConfiguration, patchConfiguration } from "./configuration.ts";
import { getStore, getStores } from "./reading.ts";
import { deleteStore, replaceStore } from "./replace.ts";
import { createStore, type StoreDeps } from "./stores.ts";
import { resumeStore, suspendStore } from "./suspension.ts";

export function storeRoutes(deps: StoreDeps): Route[] {
  return [
    bind(stores.list, ({ caller, query }) => getStores(deps, caller.accountId, query)),
    bind(stores.get, ({ caller, params, query }) => getStore(deps, caller.accountId, params.store_id, query.includes)),
    bind(stores.create, ({ caller, body }) => createStore(deps, caller, body)),
    bind(stores.replace, ({ caller, params, body }) => replaceStore(deps, caller, params.store_id, body)),
    bind(stores.delete, ({ caller, params }) => deleteStore(deps, caller, params.store_id)),
    bind(stores.getConfiguration, ({ caller, params }) => getConfiguration(deps, caller.accountId, params.store_id)),
    bind(stores.patchConfiguration, ({ caller, params, body }) =>
      patchConfiguration(deps, caller, params.store_id, body),
    ),
    bind(stores.suspend, ({ caller, params }) => suspendStore(deps, caller, params.store_id)),
    bind(stores.resume, ({ caller, params }) => resumeStore(deps, caller, params.store_id)),
  ];
}
