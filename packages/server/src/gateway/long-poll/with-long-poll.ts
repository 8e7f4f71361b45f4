import type { DeviceTransport } from "../transport.ts";
import type { Mailboxes } from "./mailboxes.ts";

/**
 * The broker and the mailboxes as one transport. A terminal may be at both for a moment, when it changes from one to the
 * other: it gets its messages twice then, which does no harm.
 */
export function withLongPoll(broker: DeviceTransport, mailboxes: Mailboxes): DeviceTransport {
  if (broker.standIn) mailboxes.watch(broker.standIn);
  return {
    url: broker.url,
    inside: broker.inside,
    healthy: () => broker.healthy(),
    tellsApart: broker.tellsApart,
    holdersOnly: broker.holdersOnly,
    async publish(terminalId, channel, message, only) {
      const posted = mailboxes.has(terminalId);
      if (posted) mailboxes.put(terminalId, channel, message, only);
      if (!posted || broker.hears(terminalId)) await broker.publish(terminalId, channel, message, only);
    },
    admit(admission) {
      if (admission.former === "ends") mailboxes.end(admission.terminalId);
      return broker.admit(admission);
    },
    withdraw: (credential) => broker.withdraw(credential),
    lapse: (credentials) => broker.lapse(credentials),
    disconnect(terminalId) {
      mailboxes.end(terminalId);
      broker.disconnect(terminalId);
    },
    hears: (terminalId) => mailboxes.hears(terminalId) || broker.hears(terminalId),
    listening() {
      const listening = broker.listening();
      return listening && [...new Set([...listening, ...mailboxes.listening()])];
    },
    connections: () => [
      ...broker.connections(),
      ...mailboxes.all().map((known) => ({ ...known, end: () => mailboxes.end(known.terminalId) })),
    ],
    async close() {
      mailboxes.close();
      await broker.close();
    },
  };
}
