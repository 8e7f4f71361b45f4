import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../root.tsx";

/** `/sign-in`: with the address to go on to, which must be one of the console, and why signing in at a provider came to nothing. */
export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: ({ to, failed }: Record<string, unknown>): { to?: string; failed?: string } => ({
    ...(typeof to === "string" && /^\/(?:authorize\/)?[A-Z]/.test(to) && { to }),
    ...(typeof failed === "string" && { failed }),
  }),
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));

/** `/sign-in/link#{token}`: an invitation, or a new password. The token stays in the browser until the form is sent. */
export const linkRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in/link",
}).lazy(() => import("./link.tsx").then(({ Screen }) => Screen));
