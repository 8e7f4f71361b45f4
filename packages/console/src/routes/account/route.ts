import { createRoute, notFound, redirect } from "@tanstack/react-router";
import { sessionQuery } from "../../api/session.ts";
import { takeLanguageOf } from "../../app/language.ts";
import { queryClient } from "../../app/query-client.ts";
import { rootRoute } from "../root.tsx";

/** `/{account}/…`: for people who are signed in; the frame of all their screens. */
export const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/$account",
  beforeLoad: async ({ params, location }) => {
    const session = await queryClient.ensureQueryData({ ...sessionQuery, revalidateIfStale: true });
    if (!session) throw redirect({ to: "/sign-in", search: { to: location.href } });
    const account = session.accounts.find(({ account_id }) => account_id === params.account);
    if (!account) throw notFound();
    await takeLanguageOf(session.user.language);
    return { session, account };
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
