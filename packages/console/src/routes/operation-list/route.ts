import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";
import { operationSearch } from "./search.ts";

/** `/{account}/operations`: what terminals were asked to do, newest first, by the filters in the address. */
export const operationListRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "operations",
  validateSearch: operationSearch,
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
