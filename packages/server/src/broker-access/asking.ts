import type { BrokerAccess, BrokerAddress } from "./access.ts";
import { kick } from "./kick.ts";

/**
 * For brokers that ask us who may connect, by the routes beside this, and for those whose access rules are the
 * operator's own: there is nothing to tell, only connections to end.
 */
export function askingBroker(address: BrokerAddress): BrokerAccess {
  return {
    own: () => undefined,
    prepare: async () => {},
    endsFormer: false,
    admit: async ({ terminalId, password }) => ({ username: terminalId, password, clientId: terminalId }),
    withdraw: async () => {},
    revoke: (terminalId) => kick(address, terminalId),
    close: async () => {},
  };
}
