import { AccountId } from "@tillkeeper/contract/accounts";
import { Activation, ActivationList } from "@tillkeeper/contract/http/activations";
import { readOperations, writeOperations } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { nextLink } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { type ActivationDeps, getActivations, startActivation } from "./activations.ts";

const tag = "Terminal activations";
const TerminalId = Type.String({ minLength: 1, maxLength: 255 });
const ListQuery = Type.Object(
  {
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "The last `id` of the page before." })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  },
  { additionalProperties: false },
);

/** The documented resource under both of its bases; the one without an account takes it from the token. */
export function activationRoutes(deps: ActivationDeps): Route[] {
  return [
    ...routesAt(deps, "/v1", {}, ""),
    ...routesAt(deps, "/v1/accounts/:aid/payments", { aid: AccountId }, "account_"),
  ];
}

function routesAt(deps: ActivationDeps, base: string, ofBase: { aid?: typeof AccountId }, idPrefix: string): Route[] {
  const path = `${base}/admin/terminals/:terminal_id/activations`;
  const params = Type.Object({ ...ofBase, terminal_id: TerminalId });
  return [
    route({
      method: "POST",
      path,
      scopes: writeOperations,
      id: `${idPrefix}admin_terminals_terminal_id_activations_post`,
      summary: "Start to activate a terminal",
      tag,
      schemas: { params, responses: { 201: Activation } },
      handle: async ({ caller, params: { terminal_id } }) => ({
        status: 201,
        body: await startActivation(deps, caller, terminal_id),
      }),
    }),
    route({
      method: "GET",
      path,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_terminal_id_activations_get`,
      summary: "List a terminal's activations, newest first",
      tag,
      schemas: { params, query: ListQuery, responses: { 200: ActivationList } },
      handle: async ({ caller, params: { terminal_id: terminalId }, query, request }) => {
        const page = { terminalId, startingAfter: query.starting_after, limit: query.limit };
        const { activations, next } = await getActivations(deps, caller.accountId, page);
        return { status: 200, body: activations, ...(next && { headers: { link: nextLink(request, next) } }) };
      },
    }),
  ];
}
