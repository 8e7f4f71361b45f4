import { createRoute } from "@tanstack/react-router";
import { closingQuery, previewQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { storeRoute } from "../store/route.ts";

/** `…/today`: the running business day of a store. */
export const todayRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "today",
  loader: async ({ params: { account, store } }) => {
    const preview = await queryClient.ensureQueryData(previewQuery(account, store));
    if (preview.closing_id) await queryClient.ensureQueryData(closingQuery(account, store, preview.closing_id));
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
