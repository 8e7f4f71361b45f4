import { createRoute, redirect } from "@tanstack/react-router";
import { storesQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { accountRoute } from "../account/route.ts";

/** `/{account}`: the stores to choose from. A single one is opened at once. */
export const storesRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "/",
  loader: async ({ params }) => {
    const stores = await queryClient.ensureQueryData(storesQuery(params.account));
    const [only] = stores;
    if (only && stores.length === 1)
      throw redirect({ to: "/$account/stores/$store", params: { account: params.account, store: only.id } });
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
