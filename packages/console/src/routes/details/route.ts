import { createRoute } from "@tanstack/react-router";
import { storeDetailsQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { storeRoute } from "../store/route.ts";

/** `…/details`: a store's name and address, when it closes by itself, and who is told. */
export const detailsRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "details",
  loader: ({ params: { account, store } }) => queryClient.ensureQueryData(storeDetailsQuery(account, store)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
