import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/api-clients`: the programs that may use the account. `after` is a client, for those that were made before. */
export const apiClientsRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "api-clients",
  validateSearch: ({ after }: Record<string, unknown>): { after?: string } =>
    typeof after === "string" ? { after } : {},
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
