import { createRoute } from "@tanstack/react-router";
import { accountRoute } from "../account/route.ts";

/** `/{account}/you`: how the person signs in, in every role: password, authenticator, sessions. */
export const youRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "you",
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
