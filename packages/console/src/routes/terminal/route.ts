import { createRoute } from "@tanstack/react-router";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { configurationQuery, storeQuery, terminalQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { ownZone } from "../../parts/instant.tsx";
import { operationsRoute } from "../operations/route.ts";

/** What was read of a store; undefined when the store was deleted, which its terminals outlive as entries. */
async function unlessDeleted<Data>(read: Promise<Data>): Promise<Data | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof TillkeeperError && error.status === 404) return undefined;
    throw error;
  }
}

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
    const store = await unlessDeleted(queryClient.ensureQueryData(storeQuery(account, terminal.store_id)));
    if (store === undefined) return { zone: ownZone(), store };
    const { time_zone: zone } = await queryClient.ensureQueryData(configurationQuery(account, store.id));
    return { zone, store };
  },
}).lazy(() => import("./screen.tsx").then(({ Screen }) => Screen));
