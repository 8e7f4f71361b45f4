import { connect } from "../connection/connect.ts";
import { follow } from "../events/follow.ts";
import { addressOf, Forwarder } from "../events/forward.ts";
import { watchInterruption } from "../interruption.ts";
import { say } from "../output/screen.ts";
import { type EventFilters, queryOf } from "./events.ts";

export interface ListenFlags extends EventFilters {
  forwardTo: string;
}

/** Forwards the events of an account to an address, until it is interrupted. */
export async function listenAction(flags: ListenFlags): Promise<void> {
  const url = addressOf(flags.forwardTo);
  const connection = connect(flags);
  const signal = watchInterruption();
  const forwarder = new Forwarder(url, signal);
  // Whether the server is there, and takes the credentials, is said before anything is waited for.
  await connection.call({ method: "GET", path: "/v1/accounts/:aid/events", query: { starting_after: "latest" } });
  say(`Events of ${connection.accountId} at ${connection.url} go to ${url.href}. Ctrl-C ends it.`);
  for await (const followed of follow(connection, { query: queryOf(flags), after: flags.after, signal })) {
    if ("reset" in followed) say("Events before this are gone: read the state anew.");
    else await forwarder.forward(followed.event);
  }
}
