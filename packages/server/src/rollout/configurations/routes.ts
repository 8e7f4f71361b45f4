import { configurationEndpoints as configurations } from "@tillkeeper/contract/http/configurations";
import { bind, type Route } from "../../platform/http/route.ts";
import {
  addConfiguration,
  type ConfigurationDeps,
  getConfiguration,
  getConfigurationOfTerminal,
  getConfigurations,
  withdrawConfiguration,
} from "./configurations.ts";

export function configurationRoutes(deps: ConfigurationDeps): Route[] {
  return [
    bind(configurations.create, ({ caller, body }) => addConfiguration(deps, caller, body)),
    bind(configurations.list, ({ caller, query }) => getConfigurations(deps, caller.accountId, query)),
    bind(configurations.get, ({ caller, params }) => getConfiguration(deps, caller.accountId, params.version)),
    bind(configurations.withdraw, ({ caller, params }) => withdrawConfiguration(deps, caller, params.version)),
    bind(configurations.ofTerminal, ({ caller, params }) =>
      getConfigurationOfTerminal(deps, caller.accountId, params.terminal_id),
    ),
  ];
}
