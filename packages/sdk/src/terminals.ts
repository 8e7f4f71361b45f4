import type { Terminal, TerminalCreate, TerminalCredential, TerminalList } from "@tillkeeper/contract/http/terminals";
import type { PageQuery } from "./stores.ts";
import type { Transport } from "./transport.ts";

export interface Terminals {
  create(body: TerminalCreate): Promise<Terminal>;
  get(terminalId: string): Promise<Terminal>;
  /** One page, newest first. */
  list(query?: PageQuery): Promise<TerminalList>;
  /** A new MQTT credential for the device; the old one ends at once. The password is shown only here. */
  issueCredential(terminalId: string): Promise<TerminalCredential>;
}

export function createTerminals({ call, pathOf }: Transport): Terminals {
  return {
    create: async (body) => (await call<Terminal>({ method: "POST", path: pathOf("terminals"), body })).body,
    get: async (terminalId) => (await call<Terminal>({ method: "GET", path: pathOf("terminals", terminalId) })).body,
    list: async (query = {}) =>
      (await call<TerminalList>({ method: "GET", path: pathOf("terminals"), query: { ...query } })).body,
    issueCredential: async (terminalId) => {
      const path = pathOf("terminals", terminalId, "credentials");
      return (await call<TerminalCredential>({ method: "POST", path })).body;
    },
  };
}
