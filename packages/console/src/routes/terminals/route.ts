import { createRoute } from "@tanstack/react-router";
import { storeRoute } from "../store/route.ts";

export const terminalsRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "terminals",
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
