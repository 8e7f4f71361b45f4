import { createRoute, notFound } from "@tanstack/react-router";
import { accountRoute } from "../account/route.ts";

/**
 * What all screens of the operations side stand below. It has no address of its own. For whoever sees named stores only there is nothing
 * here; the API refuses them as well.
 */
export const operationsRoute = createRoute({
  getParentRoute: () => accountRoute,
  id: "operations",
  beforeLoad: ({ context }) => {
    if (context.account.role === "store") throw notFound();
  },
});
