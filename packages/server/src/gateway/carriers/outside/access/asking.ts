import type { BrokerAccess, BrokerAddress } from "./access.ts";
import { kick } from "./kick.ts";

/** How many connections are ended at a time. */
const atOnce = 10;

/**
 * Access for brokers that store no credentials for this server, so it only ends connections. Brokers of one kind ask
 * this server over HTTP (`asks`); at the others the access rules are the operator's own.
 */
export function askingAccess(broker: BrokerAddress, { asks }: { asks: boolean }): BrokerAccess {
  return {
    own: () => undefined,
    prepare: async () => {},
    admit: async ({ address, password }) => ({ username: address, password, clientId: address }),
    withdraw: async () => {},
    revoke: (address) => kick(broker, address),
    // A device with a renewed token reconnects with it. A broker that does not ask never checked a token, so its end
    // means nothing there.
    async lapse(credentials) {
      const connected = asks ? credentials : [];
      for (let from = 0; from < connected.length; from += atOnce) {
        const some = connected.slice(from, from + atOnce);
        await Promise.all(some.map(({ address }) => kick(broker, address)));
      }
    },
  };
}
