import { createRoute, notFound } from "@tanstack/react-router";
import { accountRoute } from "../account/route.ts";

/**
 * The parent of all routes of the operations side. It has no address of its own. People with the role `store` are told that there is no such
 * page; the API refuses their requests as well.
 */
export const operationsRoute = createRoute({
  getParentRoute: () => accountRoute,
  id: "operations",
  beforeLoad: ({ context }) => {
    if (context.account.role === "store") throw notFound();
  },
});
