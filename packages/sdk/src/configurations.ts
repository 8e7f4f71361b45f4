import type {
  Configuration,
  ConfigurationCreate,
  ConfigurationList,
  TerminalConfiguration,
} from "@tillkeeper/contract/http/configurations";
import type { Transport } from "./transport.ts";

export interface ConfigurationQuery {
  device_model?: string;
  store_id?: string;
  /** 1-100, default 10. */
  limit?: number;
  /** `starting_after` of the page before. */
  starting_after?: string;
}

export interface Configurations {
  /** Lays down what terminals are to be set to: all, those of a model, of a store, or both. */
  create(body: ConfigurationCreate): Promise<Configuration>;
  get(version: string): Promise<Configuration>;
  /** One page, newest first. */
  list(query?: ConfigurationQuery): Promise<ConfigurationList>;
  /** It holds for no terminal any more. */
  withdraw(version: string): Promise<Configuration>;
  /** What a terminal is to be set to, and what it reported last. */
  ofTerminal(terminalId: string): Promise<TerminalConfiguration>;
}

export function createConfigurations({ call, pathOf }: Transport): Configurations {
  const path = pathOf("configurations");
  return {
    create: async (body) => (await call<Configuration>({ method: "POST", path, body })).body,
    get: async (version) =>
      (await call<Configuration>({ method: "GET", path: pathOf("configurations", version) })).body,
    list: async (query = {}) => (await call<ConfigurationList>({ method: "GET", path, query: { ...query } })).body,
    withdraw: async (version) =>
      (await call<Configuration>({ method: "DELETE", path: pathOf("configurations", version) })).body,
    ofTerminal: async (terminalId) => {
      const ofTerminal = pathOf("terminals", terminalId, "configuration");
      return (await call<TerminalConfiguration>({ method: "GET", path: ofTerminal })).body;
    },
  };
}
