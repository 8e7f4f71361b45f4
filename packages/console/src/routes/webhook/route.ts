import { createRoute } from "@tanstack/react-router";
import { webhookQuery } from "../../api/webhooks.ts";
import { queryClient } from "../../app/query-client.ts";
import { operationsRoute } from "../operations/route.ts";
import { deliverySearch } from "./search.ts";

/** `/{account}/webhooks/{id}`: one subscription and its attempts to deliver. */
export const webhookRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "webhooks/$hook",
  validateSearch: deliverySearch,
  loader: ({ params: { account, hook } }) => queryClient.ensureQueryData(webhookQuery(account, hook)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
