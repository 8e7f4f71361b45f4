import type { ReportQuery } from "@tillkeeper/contract/http/closing-reports";
import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import { closingEndpoints as closings } from "@tillkeeper/contract/http/closings";
import type { FastifyRequest } from "fastify";
import { type ActorNames, withCreatorName, withCreatorNames } from "../platform/actor-names.ts";
import { readIdempotencyKey } from "../platform/http/idempotency-key.ts";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import type { Waits } from "../platform/http/wait.ts";
import { cancelClosing } from "./asking/cancel.ts";
import { type ClosingDeps, closeStore } from "./asking/close-store.ts";
import type { AdvanceDeps } from "./progress/advance.ts";
import { previewClosing } from "./reading/preview.ts";
import { type ClosingOfStore, getClosingsOfStore, readClosing, watchClosing } from "./reading/read.ts";

export interface ClosingRouteDeps extends ClosingDeps, Pick<AdvanceDeps, "cancel"> {
  waits: Waits;
  names: ActorNames;
  /** Shows a closing by a report of it; undefined: the request wants it as it stands now. */
  showReport: (request: FastifyRequest, key: ClosingOfStore, query: ReportQuery) => Promise<Shown | undefined>;
}

type Shown = Answer<Closing | string>;

/** Closings of stores (D31). */
export function closingRoutes(deps: ClosingRouteDeps): Route[] {
  return [
    bind(closings.create, async ({ caller, params: { store_id: storeId }, body, request }) => {
      const { accountId, clientId, requestId } = caller;
      const idempotencyKey = readIdempotencyKey(request);
      const closed = await closeStore(deps, { accountId, clientId, requestId, storeId, idempotencyKey, body });
      const key = { accountId, storeId, id: closed.closing.id };
      const { found, headers } = await waitUntilStill(deps, request, key, closed.closing);
      const replayed: Record<string, string> = closed.replayed ? { "idempotent-replayed": "true" } : {};
      return new Answer(found, { status: closed.created ? 201 : 200, headers: { ...headers, ...replayed } });
    }),
    bind(closings.list, async ({ caller: { accountId }, params: { store_id: storeId }, query }) => {
      const page = await getClosingsOfStore(deps, { accountId, storeId }, query);
      return { ...page, closings: await withCreatorNames(deps.names, accountId, page.closings) };
    }),
    bind(closings.preview, ({ caller: { accountId }, params: { store_id: storeId }, query }) =>
      previewClosing(deps, { accountId, storeId, day: query.business_day }),
    ),
    bind(closings.get, async ({ caller: { accountId }, params, query, request }): Promise<Shown> => {
      const key = { accountId, storeId: params.store_id, id: params.closing_id };
      const shown = await deps.showReport(request, key, query);
      if (shown) return shown;
      const { found, headers } = await waitUntilStill(deps, request, key, await readClosing(deps, key));
      return new Answer(await withNames(deps.names, accountId, found), { headers });
    }),
    bind(closings.cancel, ({ caller, params: { store_id: storeId, closing_id: id } }) =>
      cancelClosing(deps, caller, { storeId, id }),
    ),
  ];
}

/** A closing with the names of who made it, and the closes of its terminals. */
async function withNames(names: ActorNames, accountId: string, closing: Closing): Promise<Closing> {
  const closes = closing.terminals.flatMap(({ close }) => close ?? []);
  const named = await withCreatorNames(names, accountId, closes);
  const byId = new Map(named.map((close) => [close.id, close]));
  const terminals = closing.terminals.map((terminal) => {
    const close = terminal.close && byId.get(terminal.close.id);
    return close ? { ...terminal, close } : terminal;
  });
  return withCreatorName(names, accountId, { ...closing, terminals });
}

/**
 * Waits, as far as the request prefers, until nothing moves by itself any more: every terminal has its end, or waits for a person.
 * While a request waits, the next step is taken when it is due, before the worker's next round.
 */
async function waitUntilStill(deps: ClosingRouteDeps, request: FastifyRequest, key: ClosingOfStore, known: Closing) {
  const { found, headers } = await deps.waits.forRequest(request, {
    group: key.accountId,
    known: { closing: known, moves: known.state === "running", due: false },
    look: async () => {
      const seen = await watchClosing(deps, key);
      if (!seen.due) return seen;
      await deps.advance(key);
      return watchClosing(deps, key);
    },
    isDone: ({ moves }) => !moves,
  });
  return { found: found.closing, headers };
}
