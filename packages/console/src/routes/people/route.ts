import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/people`: who may use the account. `after` is a user, for those who were added before. */
export const peopleRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "people",
  validateSearch: ({ after }: Record<string, unknown>): { after?: string } =>
    typeof after === "string" ? { after } : {},
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
