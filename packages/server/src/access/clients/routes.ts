import { clientEndpoints as clients } from "@tillkeeper/contract/http/clients";
import { bind, type Route } from "../../platform/http/route.ts";
import {
  addClient,
  type ClientDeps,
  deleteClient,
  getClient,
  getClients,
  patchClient,
  updateClient,
} from "./clients.ts";
import { addClientSecret, deleteClientSecret, rotateClientSecret } from "./secrets.ts";

export function clientRoutes(deps: ClientDeps): Route[] {
  return [
    bind(clients.create, ({ caller, body }) => addClient(deps, caller, body), { givesPower: true }),
    bind(clients.list, ({ caller, query }) => getClients(deps, caller.accountId, query)),
    bind(clients.get, ({ caller, params }) => getClient(deps, caller.accountId, params.id)),
    bind(clients.update, ({ caller, params, body }) => updateClient(deps, caller, params.id, body), {
      givesPower: true,
    }),
    bind(clients.patch, ({ caller, params, body }) => patchClient(deps, caller, params.id, body), { givesPower: true }),
    bind(clients.rotateSecret, ({ caller, params }) => rotateClientSecret(deps, caller, params.id), {
      givesPower: true,
    }),
    bind(clients.delete, ({ caller, params }) => deleteClient(deps, caller, params.id), { givesPower: true }),
    bind(clients.addSecret, ({ caller, params }) => addClientSecret(deps, caller, params.id), { givesPower: true }),
    bind(
      clients.deleteSecret,
      ({ caller, params }) => deleteClientSecret(deps, caller, { id: params.id, secretId: params.secret_id }),
      { givesPower: true },
    ),
  ];
}
