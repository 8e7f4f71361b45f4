import { createRoute } from "@tanstack/react-router";
import { storeRoute } from "../store/route.ts";

export const detailsRoute = createRoute({
  getParentRoute: () => storeRoute,
  path: "details",
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
