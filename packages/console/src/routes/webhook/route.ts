import { createRoute } from "@tanstack/react-router";
import { webhookQuery } from "../../api/webhooks.ts";
import { queryClient } from "../../app/query-client.ts";
import { operationsRoute } from "../operations/route.ts";

/** What the address says of the attempts: those that arrived or those that did not, and the one behind which the page begins. */
export interface DeliverySearch {
  success?: boolean;
  after?: string;
}

/** `/{account}/webhooks/{id}`: one subscription and its attempts to deliver. */
export const webhookRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "webhooks/$hook",
  validateSearch: ({ success, after }: Record<string, unknown>): DeliverySearch => ({
    ...(typeof success === "boolean" && { success }),
    ...(typeof after === "string" && { after }),
  }),
  loader: ({ params: { account, hook } }) => queryClient.ensureQueryData(webhookQuery(account, hook)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
