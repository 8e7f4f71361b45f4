import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { DeviceTransport } from "../transport.ts";
import type { Mailboxes } from "./mailboxes.ts";

/**
 * The broker and the mailboxes as one transport. A terminal may be at both for a moment, when it changes from one to the
 * other: it gets its messages twice then, which does no harm.
 */
export function withLongPoll(broker: DeviceTransport, mailboxes: Mailboxes): DeviceTransport {
  return {
    url: broker.url,
    inside: broker.inside,
    healthy: () => broker.healthy(),
    async publish(address, channel, message) {
      const posted = mailboxes.has(address);
      if (posted) mailboxes.put(address, channel, message);
      if (!posted || broker.hears(terminalOf(address))) await broker.publish(address, channel, message);
    },
    admit(admission) {
      if (admission.former !== undefined) mailboxes.end(admission.former);
      return broker.admit(admission);
    },
    withdraw: (credential) => broker.withdraw(credential),
    lapse: (credentials) => broker.lapse(credentials),
    disconnect(address) {
      mailboxes.end(address);
      broker.disconnect(address);
    },
    hears: (terminalId) => mailboxes.hears(terminalId) || broker.hears(terminalId),
    listening() {
      const listening = broker.listening();
      return listening && [...new Set([...listening, ...mailboxes.listening()])];
    },
    connections: () => [
      ...broker.connections(),
      ...mailboxes.all().map((address) => ({ address, end: () => mailboxes.end(address) })),
    ],
    async close() {
      mailboxes.close();
      await broker.close();
    },
  };
}

function terminalOf(address: string): string {
  return readDeviceAddress(address)?.terminalId ?? "";
}
