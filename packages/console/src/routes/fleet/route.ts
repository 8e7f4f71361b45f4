import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";
import { fleetSearch } from "./search.ts";

/** `/{account}/terminals`: the terminals of all stores, newest first, by the filters in the address. */
export const fleetRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "terminals",
  validateSearch: fleetSearch,
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
