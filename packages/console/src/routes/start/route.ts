import { createRoute, redirect } from "@tanstack/react-router";
import { sessionQuery } from "../../api/session.ts";
import { queryClient } from "../../app/query-client.ts";
import { rootRoute } from "../root.tsx";

/** `/`: leads to the person's account, or to the screen where people sign in. */
export const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  loader: async () => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    const [first] = session?.accounts ?? [];
    if (!first) throw redirect({ to: "/sign-in" });
    throw redirect({ to: "/$account", params: { account: first.account_id } });
  },
});
