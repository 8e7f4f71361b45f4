import type { Pairing, PairingCodeCreate, TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import type { Terminal, TerminalCreate, TerminalCredential, TerminalList } from "@tillkeeper/contract/http/terminals";
import type { PageQuery } from "./stores.ts";
import type { Transport } from "./transport.ts";

export interface Terminals {
  /** With the code that its device pairs with, unless it is a virtual one. */
  create(body: TerminalCreate): Promise<TerminalWithPairing>;
  get(terminalId: string): Promise<Terminal>;
  /** One page, newest first. */
  list(query?: PageQuery): Promise<TerminalList>;
  /** A new MQTT credential for the device; the old one ends at once. The password is shown only here. */
  issueCredential(terminalId: string): Promise<TerminalCredential>;
  /** A new code that a device pairs with; the one before ends. It is shown only here. */
  issuePairingCode(terminalId: string, body?: PairingCodeCreate): Promise<Pairing>;
  remove(terminalId: string): Promise<Terminal>;
}

export function createTerminals({ call, pathOf }: Transport): Terminals {
  return {
    create: async (body) => (await call<TerminalWithPairing>({ method: "POST", path: pathOf("terminals"), body })).body,
    get: async (terminalId) => (await call<Terminal>({ method: "GET", path: pathOf("terminals", terminalId) })).body,
    list: async (query = {}) =>
      (await call<TerminalList>({ method: "GET", path: pathOf("terminals"), query: { ...query } })).body,
    issueCredential: async (terminalId) => {
      const path = pathOf("terminals", terminalId, "credentials");
      return (await call<TerminalCredential>({ method: "POST", path })).body;
    },
    issuePairingCode: async (terminalId, body = {}) => {
      const path = pathOf("terminals", terminalId, "pairing-codes");
      return (await call<Pairing>({ method: "POST", path, body })).body;
    },
    remove: async (terminalId) =>
      (await call<Terminal>({ method: "DELETE", path: pathOf("terminals", terminalId) })).body,
  };
}
