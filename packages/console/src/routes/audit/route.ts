import { createRoute } from "@tanstack/react-router";
import { operationsRoute } from "../operations/route.ts";
import { auditSearch } from "./search.ts";

/** `/{account}/audit`: who changed what, newest first, by the filters in the address. */
export const auditRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "audit",
  validateSearch: auditSearch,
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
