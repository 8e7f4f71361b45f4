import type { AnyEvent } from "@tillkeeper/contract/http/event-schemas";
import type { StreamOptions } from "@tillkeeper/sdk";
import { networkFault } from "../agent/network-fault.ts";
import type { Connection } from "../connection/connect.ts";
import { say } from "../output/screen.ts";

/** Which events are meant, by the flags of a command. */
export interface EventFilters {
  type?: string[];
  store?: string;
  terminal?: string;
  /** The id behind which they begin; left out, with what comes next. */
  after?: string;
}

interface FollowOptions {
  filters: EventFilters;
  signal: AbortSignal;
  /** Called once, when the server has let the stream begin. */
  begun?: () => void;
}

/**
 * Hands on the events of an account, as they happen, until `take` answers false or the signal aborts. A cut, and what is gone, is
 * said on standard error. Throws `StartupError` when the server refuses, and when it was not there in the beginning.
 */
export async function follow(
  connection: Connection,
  { filters, signal, begun }: FollowOptions,
  take: (event: AnyEvent) => boolean | Promise<boolean>,
): Promise<void> {
  try {
    await connection.ask(async (client) => {
      const options = { ...streamOptions(filters), ...spoken(begun), signal };
      for await (const item of client.events.stream(options)) {
        if (item.event === "reset") say("Events before this are gone: read the state anew.");
        else if (!(await take(item))) return;
      }
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function streamOptions({ type, store, terminal, after }: EventFilters): StreamOptions {
  return {
    // The server says which names it does not know.
    ...(type !== undefined && { type: type as NonNullable<StreamOptions["type"]> }),
    ...(store !== undefined && { store_id: store }),
    ...(terminal !== undefined && { terminal_id: terminal }),
    lastEventId: after,
  };
}

/** Callbacks that report the state of the connection: a failure once, however many attempts follow. */
function spoken(begun: (() => void) | undefined): Pick<StreamOptions, "onConnect" | "onDisconnect"> {
  let first = true;
  let cut = false;
  return {
    onConnect: () => {
      if (first) begun?.();
      if (cut) say("Connected again.");
      first = false;
      cut = false;
    },
    onDisconnect: (error) => {
      // A stream that the server ends in order, as when it restarts, goes on a moment later.
      if (error && !cut) say(`The stream was cut (${networkFault(error) ?? error.message}); trying again.`);
      cut ||= error !== undefined;
    },
  };
}
