import { activationEndpoints, activationEndpointsByToken } from "@tillkeeper/contract/http/activations";
import { pageAnswer } from "../../platform/http/paging.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import { type ActivationDeps, getActivations, startActivation } from "./activations.ts";

/** The documented resource under both of its bases; the one without an account takes it from the token. */
export function activationRoutes(deps: ActivationDeps): Route[] {
  return [...routesAt(deps, activationEndpointsByToken), ...routesAt(deps, activationEndpoints)];
}

function routesAt(
  deps: ActivationDeps,
  activations: typeof activationEndpoints | typeof activationEndpointsByToken,
): Route[] {
  return [
    bind(activations.create, ({ caller, params: { terminal_id } }) => startActivation(deps, caller, terminal_id)),
    bind(activations.list, async ({ caller, params: { terminal_id: terminalId }, query, request }) => {
      const page = { terminalId, startingAfter: query.starting_after, limit: query.limit };
      const { activations: started, next } = await getActivations(deps, caller.accountId, page);
      return pageAnswer(request, started, next);
    }),
  ];
}
