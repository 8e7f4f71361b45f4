import { createRoute } from "@tanstack/react-router";
import { closingQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { storeRoute } from "../store/route.ts";

/** `…/reports/{closing}`: one business day, with its report. */
export const reportRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "reports/$closing",
  loader: ({ params: { account, store, closing } }) =>
    queryClient.ensureQueryData(closingQuery(account, store, closing)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
