import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/webhooks`: where events are sent. `after` is a subscription, for those that were made before. */
export const webhooksRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "webhooks",
  validateSearch: ({ after }: Record<string, unknown>): { after?: string } =>
    typeof after === "string" ? { after } : {},
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
