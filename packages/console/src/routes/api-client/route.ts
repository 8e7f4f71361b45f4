import { createRoute } from "@tanstack/react-router";
import { apiClientQuery } from "../../api/api-clients.ts";
import { queryClient } from "../../app/query-client.ts";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/api-clients/{id}`: one client, its secrets and what it may do. */
export const apiClientRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "api-clients/$client",
  loader: ({ params: { account, client } }) => queryClient.ensureQueryData(apiClientQuery(account, client)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
