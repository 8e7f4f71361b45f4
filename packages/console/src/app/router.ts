import { createRouter, parseSearchWith, stringifySearchWith } from "@tanstack/react-router";
import { Broken, Missing } from "../parts/ends.tsx";
import { Waiting } from "../parts/waiting.tsx";
import { routeTree } from "../routes/routes.ts";
import { valueInAddress } from "./search.ts";

/** The map of addresses. Screens are loaded when their addresses are opened. */
export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  // The cache of queries decides what is read anew.
  defaultPreloadStaleTime: 0,
  defaultPendingMs: 0,
  defaultPendingComponent: Waiting,
  defaultNotFoundComponent: Missing,
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  parseSearch: parseSearchWith(valueInAddress),
  stringifySearch: stringifySearchWith(JSON.stringify),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
