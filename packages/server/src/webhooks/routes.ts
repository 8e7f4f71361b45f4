import { hookEndpoints as hooks } from "@tillkeeper/contract/http/hooks";
import type { FastifyRequest } from "fastify";
import { pageAnswer } from "../platform/http/paging.ts";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import { deleteSubscription, rotateSecret, updateSubscription } from "./subscriptions/changes.ts";
import { getDeliveries, getDelivery, replayDelivery, replayEvents } from "./subscriptions/deliveries.ts";
import { pauseSubscription, pingSubscription, resumeSubscription } from "./subscriptions/states.ts";
import { addSubscription, getSubscription, getSubscriptions, type HookDeps } from "./subscriptions/subscriptions.ts";

/** Webhooks (D25). What writes secrets, or changes where data goes, is checked against the live grant. */
export function hookRoutes(deps: HookDeps): Route[] {
  return [
    bind(hooks.create, ({ caller, body }) => addSubscription(deps, caller, body), { givesPower: true }),
    bind(hooks.list, async ({ caller, query, request }) => {
      const { subscriptions, ...page } = await getSubscriptions(deps, caller.accountId, query);
      return listAnswer(request, subscriptions, page);
    }),
    bind(hooks.get, ({ caller, params }) => getSubscription(deps, caller.accountId, params.hid)),
    bind(hooks.update, ({ caller, params, body }) => updateSubscription(deps, caller, params.hid, body), {
      givesPower: true,
    }),
    bind(hooks.delete, ({ caller, params }) => deleteSubscription(deps, caller, params.hid), { givesPower: true }),
    bind(hooks.ping, ({ caller, params }) => pingSubscription(deps, caller, params.hid)),
    bind(hooks.pause, ({ caller, params }) => pauseSubscription(deps, caller, params.hid)),
    bind(hooks.resume, ({ caller, params, body }) => resumeSubscription(deps, caller, params.hid, body)),
    bind(hooks.rotateSecret, ({ caller, params, body }) => rotateSecret(deps, caller, params.hid, body), {
      givesPower: true,
    }),
    bind(hooks.replay, ({ caller, params, body }) => replayEvents(deps, caller, params.hid, body)),
    bind(hooks.deliveries, async ({ caller: { accountId }, params, query, request }) => {
      const { deliveries, ...page } = await getDeliveries(deps, { accountId, id: params.hid }, query);
      return listAnswer(request, deliveries, page);
    }),
    bind(hooks.delivery, ({ caller: { accountId }, params }) =>
      getDelivery(deps, { accountId, id: params.hid }, params.delivery_id),
    ),
    bind(hooks.replayDelivery, ({ caller, params }) => replayDelivery(deps, caller, params.hid, params.delivery_id)),
  ];
}

interface PageFacts {
  next: string | undefined;
  total: number | undefined;
}

/** A bare list, with the address of its next page and, where it was asked for, how many there are on all pages. */
function listAnswer<Row>(request: FastifyRequest, rows: Row[], { next, total }: PageFacts): Answer<Row[]> {
  const { headers } = pageAnswer(request, rows, next);
  return new Answer(rows, { headers: { ...headers, ...(total !== undefined && { "total-count": String(total) }) } });
}
