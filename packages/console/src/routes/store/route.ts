import { createRoute, redirect } from "@tanstack/react-router";
import { configurationQuery, storeQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { accountRoute } from "../account/route.ts";

/** `/{account}/stores/{id}/…`: one store. Its screens know the store and its configuration, which has its time zone. */
export const storeRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "stores/$store",
  beforeLoad: async ({ params, location }) => {
    const { account, store: id } = params;
    const [store, configuration] = await Promise.all([
      queryClient.ensureQueryData(storeQuery(account, id)),
      queryClient.ensureQueryData(configurationQuery(account, id)),
    ]);
    // Events name a store by its generated id, and so do the keys of queries.
    if (store.id !== id) throw redirect({ to: location.pathname.replace(`/stores/${id}`, `/stores/${store.id}`) });
    if (/\/stores\/[^/]+\/?$/.test(location.pathname))
      throw redirect({ to: "/$account/stores/$store/today", params: { account, store: store.id } });
    return { zone: configuration.time_zone, place: store.store_name ?? store.store_id };
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
