import { createRoute } from "@tanstack/react-router";
import { configurationQuery, storeQuery, terminalQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { ownZone } from "../../parts/instant.tsx";
import { operationsRoute } from "../operations/route.ts";

/** `/{account}/terminals/{id}`: one terminal and what happened to it. `around` is a time in its store; `after` an entry, for what was before. */
export const terminalRoute = createRoute({
  getParentRoute: () => operationsRoute,
  path: "terminals/$terminal",
  validateSearch: ({ around, after }: Record<string, unknown>): { around?: string; after?: string } => ({
    ...(typeof around === "string" && around !== "" && { around }),
    ...(typeof after === "string" && { after }),
  }),
  loader: async ({ params: { account, terminal: id } }) => {
    const terminal = await queryClient.ensureQueryData(terminalQuery(account, id));
    const store = await queryClient.ensureQueryData(storeQuery(account, terminal.store_id));
    // It has no configuration any more, and so no time zone. Its terminals are remembered as well.
    if (store.status === "DELETED") return { zone: ownZone(), store: undefined };
    const { time_zone: zone } = await queryClient.ensureQueryData(configurationQuery(account, store.id));
    return { zone, store };
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
