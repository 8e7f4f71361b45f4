import { createRoute, redirect } from "@tanstack/react-router";
import { sessionQuery } from "../../api/session.ts";
import { takeLanguageOf } from "../../app/language.ts";
import { queryClient } from "../../app/query-client.ts";
import { rootRoute } from "../root.tsx";

/** The search as the front end wrote it: the router writes an address anew, and reads some texts in it as numbers. */
const arrivedWith = window.location.search;

/** `/authorize/{account}?client_id=…`: where a front end of others sends people who sign in to it (RFC 6749). It is opened by a whole load. */
export const authorizeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/authorize/$account",
  beforeLoad: async ({ params }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { to: `/authorize/${params.account}${arrivedWith}` } });
    await takeLanguageOf(session.user.language);
    return { asked: arrivedWith };
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
