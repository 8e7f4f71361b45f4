import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { type EventFilters, follow } from "../events/follow.ts";
import { addressOf, Forwarder } from "../events/forward.ts";
import { watchInterruption } from "../interruption.ts";
import { say } from "../output/screen.ts";

export interface ListenFlags extends ConnectionFlags, EventFilters {
  forwardTo: string;
  json?: true;
}

/** Forwards the events of an account to an address, until it is interrupted. */
export async function listenAction(flags: ListenFlags): Promise<void> {
  const url = addressOf(flags.forwardTo);
  const connection = connect(flags);
  const signal = watchInterruption();
  const forwarder = new Forwarder(url, signal, { json: flags.json });
  const begun = () => say(`Events of ${connection.accountId} at ${connection.url} go to ${url.href}. Ctrl-C ends it.`);
  await follow(connection, { filters: flags, signal, begun }, async (event) => {
    await forwarder.forward(event);
    return true;
  });
}
