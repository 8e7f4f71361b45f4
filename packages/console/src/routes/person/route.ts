import { createRoute } from "@tanstack/react-router";
import { userQuery } from "../../api/people.ts";
import { queryClient } from "../../app/query-client.ts";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/people/{user}`: what one person may do in the account. */
export const personRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "people/$user",
  loader: ({ params: { account, user } }) => queryClient.ensureQueryData(userQuery(account, user)),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
