import { createRoute } from "@tanstack/react-router";
import { storeRoute } from "../store/route.ts";

/** `…/reports`: the closed days of a store, newest first. `after` is the page: the closing behind which it begins. */
export const reportsRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "reports",
  validateSearch: ({ after }: Record<string, unknown>): { after?: string } =>
    typeof after === "string" ? { after } : {},
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
