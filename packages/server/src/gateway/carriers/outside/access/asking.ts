import type { BrokerAccess, BrokerAddress } from "./access.ts";
import { kick } from "./kick.ts";

/** So many connections are ended at a time. */
const atOnce = 10;

/**
 * For brokers that ask us who may connect, by the routes beside this, and for those whose access rules are the
 * operator's own, and which ask nobody: there is nothing to tell, only connections to end.
 */
export function askingBroker(broker: BrokerAddress, { asks }: { asks: boolean }): BrokerAccess {
  return {
    own: () => undefined,
    prepare: async () => {},
    admit: async ({ address, password }) => ({ username: address, password, clientId: address }),
    withdraw: async () => {},
    revoke: (address) => kick(broker, address),
    // Whoever has renewed meanwhile comes back with that. Where nobody asked for a token, its end means nothing.
    async lapse(credentials) {
      const connected = asks ? credentials : [];
      for (let from = 0; from < connected.length; from += atOnce) {
        const some = connected.slice(from, from + atOnce);
        await Promise.all(some.map(({ address }) => kick(broker, address)));
      }
    },
  };
}
