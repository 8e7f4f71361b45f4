import { readEventId } from "@tillkeeper/contract/events";
import type { EventPage } from "@tillkeeper/contract/http/events";
import type { HookReplayAccepted } from "@tillkeeper/contract/http/hook-schemas";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { type Connection, connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { type EventFilters, follow } from "../events/follow.ts";
import { addressOf, Forwarder } from "../events/forward.ts";
import { lineOf } from "../events/words.ts";
import { UsageError } from "../failure.ts";
import { watchInterruption } from "../interruption.ts";
import { showJson } from "../output/show.ts";

export interface TailFlags extends ConnectionFlags, EventFilters {
  count?: number;
  json?: true;
}

/** Prints events as they happen. */
export async function tailAction(flags: TailFlags): Promise<void> {
  const connection = connect(flags);
  const signal = watchInterruption();
  let left = flags.count ?? Number.POSITIVE_INFINITY;
  await follow(connection, { filters: flags, signal }, (event) => {
    console.log(flags.json ? JSON.stringify(event) : lineOf(event));
    left -= 1;
    return left > 0;
  });
}

export interface ResendFlags extends ConnectionFlags {
  until?: string;
  hook?: string;
  forwardTo?: string;
  json?: true;
}

/** Has events sent again, or sends them to a program on this machine. */
export async function resendAction(from: string, flags: ResendFlags): Promise<void> {
  const { forwardTo, until: to = from, hook } = flags;
  if (forwardTo !== undefined && hook !== undefined) {
    throw new UsageError("error: --hook and --forward-to do not go together");
  }
  const [first, last] = [placeOf(from), placeOf(to)];
  if (first.epoch !== last.epoch || first.position > last.position) {
    throw new UsageError("error: --until names an event before the first one, or of another time of the database");
  }
  const connection = connect(flags);
  if (forwardTo !== undefined)
    return forwardAgain(connection, addressOf(forwardTo), { first, count: last.position - first.position + 1 });
  const id = hook ?? (await onlyHook(connection));
  const path = `/v1/accounts/:aid/hooks/subscriptions/${encodeURIComponent(id)}/replay`;
  const accepted = await connection.call<HookReplayAccepted>({ method: "POST", path, body: { from, to } });
  if (flags.json) return showJson(accepted);
  const { from_position, to_position } = accepted;
  const which = from_position === to_position ? `event ${from_position}` : `events ${from_position} to ${to_position}`;
  console.log(`Replay ${accepted.id}: ${which} to subscription ${id}, as far as it asks for them.`);
}

function placeOf(id: string) {
  const place = readEventId(id);
  if (place) return place;
  throw new UsageError(`error: "${id}" is no id of an event, as 9f3a01bc-1042`);
}

async function onlyHook(connection: Connection): Promise<string> {
  const subscriptions = await connection.ask(async (client) => client.hooks.list({ limit: 2 }));
  const [only] = subscriptions;
  if (only && subscriptions.length === 1) return only.id;
  throw new StartupError(
    only ? "There are several subscriptions: name one by --hook." : "There is no webhook subscription.",
  );
}

const largestPage = 100;

async function forwardAgain(
  connection: Connection,
  url: URL,
  { first, count }: { first: { epoch: string; position: number }; count: number },
): Promise<void> {
  const forwarder = new Forwarder(url, watchInterruption());
  let left = count;
  // "0" is the oldest that is kept; any other place is named by the event before it.
  let after = first.position === 1 ? "0" : `${first.epoch}-${first.position - 1}`;
  while (left > 0) {
    const query = { starting_after: after, limit: Math.min(left, largestPage) };
    const page = await connection.call<EventPage>({ method: "GET", path: "/v1/accounts/:aid/events", query });
    for (const event of page.events) await forwarder.forward(event);
    left -= page.events.length;
    if (page.events.length === 0 || page.last_event_id === undefined) break;
    after = page.last_event_id;
  }
  if (left === count) throw new StartupError("There is no such event, or it is not kept any more.");
}
