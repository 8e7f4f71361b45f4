import type { Store, StoreCreate, StoreList } from "@tillkeeper/contract/http/stores";
import type { Transport } from "./transport.ts";

/** Which rows of a list of stores or terminals. */
export interface PageQuery {
  /** 1-100, default 10. */
  limit?: number;
  /** `starting_after` of the page before. */
  starting_after?: string;
  include_deleted?: boolean;
}

export interface Stores {
  create(body: StoreCreate): Promise<Store>;
  /** By the caller's `store_id` or the generated `id`. */
  get(storeId: string): Promise<Store>;
  /** One page, newest first. */
  list(query?: PageQuery): Promise<StoreList>;
}

export function createStores({ call, pathOf }: Transport): Stores {
  return {
    create: async (body) => (await call<Store>({ method: "POST", path: pathOf("stores"), body })).body,
    get: async (storeId) => (await call<Store>({ method: "GET", path: pathOf("stores", storeId) })).body,
    list: async (query = {}) =>
      (await call<StoreList>({ method: "GET", path: pathOf("stores"), query: { ...query } })).body,
  };
}
