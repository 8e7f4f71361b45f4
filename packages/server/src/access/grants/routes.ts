import { clientGrantEndpoints as clientGrants } from "@tillkeeper/contract/http/client-grants";
import { bind, type Route } from "../../platform/http/route.ts";
import { addGrant, deleteGrant, type GrantDeps, getGrant, getGrants, updateGrant } from "./grants.ts";

export function grantRoutes(deps: GrantDeps): Route[] {
  return [
    bind(clientGrants.create, ({ caller, body }) => addGrant(deps, caller, body), { givesPower: true }),
    bind(clientGrants.list, ({ caller, query }) => getGrants(deps, caller.accountId, query)),
    bind(clientGrants.get, ({ caller, params }) => getGrant(deps, caller.accountId, params.id)),
    bind(clientGrants.update, ({ caller, params, body }) => updateGrant(deps, caller, params.id, body), {
      givesPower: true,
    }),
    bind(clientGrants.delete, ({ caller, params }) => deleteGrant(deps, caller, params.id), { givesPower: true }),
  ];
}
