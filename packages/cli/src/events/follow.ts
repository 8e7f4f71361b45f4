import { setTimeout as pause } from "node:timers/promises";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { Connection } from "../connection/connect.ts";
import { refusalOf } from "../connection/refusals.ts";
import { say } from "../output/screen.ts";
import { Blocks } from "./blocks.ts";

export const eventsPath = "/v1/accounts/:aid/events";

/** What a stream brings: an event, or that ids of before are gone, so that what was kept of the account may be wrong. */
export type Followed = { event: EventEnvelope } | { reset: string };

interface FollowOptions {
  query: Readonly<Record<string, unknown>>;
  /** The id behind which it begins; left out, with what comes next. */
  after: string | undefined;
  signal: AbortSignal;
}

/** The server says something every 15 seconds: a stream that is silent for so long is cut. */
const silentMs = 45_000;
const againMs = 2_000;
/** Refusals that may pass. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The events of an account, as they happen, until the signal aborts. Over a cut it goes on behind the last one, and says so on
 * standard error. Throws `StartupError` when the server refuses, and when it was not there in the beginning.
 */
export async function* follow(connection: Connection, options: FollowOptions): AsyncGenerator<Followed, void> {
  const { signal } = options;
  const place = { id: options.after, connected: false };
  for (let told = false; !signal.aborted; ) {
    try {
      for await (const followed of oneStream(connection, options, place)) {
        if (told) say("Connected again.");
        told = false;
        yield followed;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused || !place.connected) throw error instanceof Refused ? error.cause : error;
      if (!told) say(`The stream was cut (${error instanceof Error ? error.message : String(error)}); trying again.`);
      told = true;
    }
    await pause(againMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A refusal that another try will not cure. */
class Refused extends Error {}

async function* oneStream(
  connection: Connection,
  { query, signal: ended }: FollowOptions,
  place: { id: string | undefined; connected: boolean },
): AsyncGenerator<Followed, void> {
  const silent = new AbortController();
  const watchdog = setTimeout(() => silent.abort(new Error("the server is silent")), silentMs);
  const signal = AbortSignal.any([ended, silent.signal]);
  try {
    const headers = { accept: "text/event-stream", ...(place.id !== undefined && { "last-event-id": place.id }) };
    const response = await connection.send({ method: "GET", path: eventsPath, query, headers, signal });
    if (!response.ok) await refuse(response);
    place.connected = true;
    const blocks = new Blocks();
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) {
      watchdog.refresh();
      for (const { id, event, data } of blocks.take(decoder.decode(part, { stream: true }))) {
        if (id !== undefined) place.id = id;
        if (event === "reset") yield { reset: id ?? "" };
        else if (data !== undefined) yield { event: JSON.parse(data) as EventEnvelope };
      }
    }
  } finally {
    clearTimeout(watchdog);
    silent.abort();
  }
}

async function refuse(response: Response): Promise<never> {
  const cause = await refusalOf(response);
  if (passing.has(response.status)) throw cause instanceof StartupError ? cause : new Error(String(response.status));
  throw new Refused("refused", { cause });
}
