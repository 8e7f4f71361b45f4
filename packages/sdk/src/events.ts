import type { AnyEvent } from "@tillkeeper/contract/http/event-schemas";
import type { EventQuery } from "@tillkeeper/contract/http/events";
import { endpointTable } from "./endpoint-table.ts";
import { TillkeeperError, TimeoutError } from "./error.ts";
import { type EventBlock, eventBlocks } from "./event-blocks.ts";
import { atLeast, connectionFailure, isPassing } from "./retries.ts";
import { pause } from "./time.ts";
import type { Transport } from "./transport.ts";

/** What you keep of the account may be wrong: read it anew. The stream goes on behind `last_event_id`. */
export interface Reset {
  event: "reset";
  last_event_id: string;
}

/** Which events a stream has, and where it begins. */
export interface StreamOptions extends Partial<Pick<EventQuery, "type" | "store_id" | "terminal_id" | "subject">> {
  /**
   * The last id that was read: the stream goes on behind it. `0`: from the oldest event that is kept; `recent`: with those of the last
   * half minute, for what was read just before. Left out: with what comes next.
   */
  lastEventId?: string | undefined;
  /** Ends the stream: the loop throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds without a sign of life after which the client connects again. Default 45 000; the server gives one every 15 seconds. */
  silentMs?: number | undefined;
  /** Called when a connection is there: the first one, and each one after it. */
  onConnect?: (() => void) | undefined;
  /** Called when the connection has ended, or could not be made again, before the client connects again. */
  onDisconnect?: ((error: TillkeeperError | undefined) => void) | undefined;
}

/** Events as they come. A loop over it connects, and connects again with the last id when the connection ends. */
export interface EventStream extends AsyncIterable<AnyEvent | Reset> {
  /** The last id that came, for `lastEventId` of a later stream. Also ids come on which no event of this stream was. */
  readonly lastEventId: string | undefined;
}

/** The method that gives events as they come. */
export interface StreamMethod {
  /**
   * The events of an account as they come: each once, in order, over any number of connections, until the loop is left or the signal
   * aborts. Throws `TillkeeperError` when the first connection fails, and later for an answer that a further connection will not cure.
   */
  stream(options?: StreamOptions): EventStream;
}

const usual = { silentMs: 45_000, retryMs: 2_000 };
/** One failure after the other: the longest pause is met after so many. */
const mostFailures = 6;

/** Makes the method. */
export function streamMethod(transport: Transport): StreamMethod {
  return {
    stream: (options = {}) => {
      const place = { lastEventId: options.lastEventId };
      return {
        get lastEventId() {
          return place.lastEventId;
        },
        [Symbol.asyncIterator]: () => connections(transport, options, place),
      };
    },
  };
}

/** The events of one connection after the other. */
async function* connections(
  transport: Transport,
  options: StreamOptions,
  place: { lastEventId: string | undefined },
): AsyncGenerator<AnyEvent | Reset> {
  const { signal, onConnect, onDisconnect } = options;
  let retryMs = usual.retryMs;
  let connected = false;
  const opened = () => {
    connected = true;
    onConnect?.();
  };
  for (let failures = 0; ; ) {
    let failure: TillkeeperError | undefined;
    try {
      for await (const block of connection(transport, options, { ...place, first: !connected, opened })) {
        failures = 0;
        if (block.retry !== undefined) retryMs = Number(block.retry) || usual.retryMs;
        if (block.data !== undefined) yield itemOf(block);
        // Behind the item: who leaves the loop at an item has not dealt with it.
        if (block.id !== undefined) place.lastEventId = block.id;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TillkeeperError) || !isPassing(error) || !connected) throw error;
      failure = error;
    }
    onDisconnect?.(failure);
    const backoff = atLeast(failure?.retryAfterSeconds ?? 0, Math.min(failures, mostFailures));
    failures += 1;
    await pause(failure ? backoff : retryMs * (0.5 + Math.random() / 2), signal);
  }
}

interface Beginning {
  lastEventId: string | undefined;
  /** Only the first connection is tried again by the transport: later ones are by the loop, which goes on for ever. */
  first: boolean;
  /** Called when the server has answered. */
  opened: () => void;
}

/** The blocks of one connection. Throws when it breaks, or is silent for too long. */
async function* connection(
  transport: Transport,
  { signal, silentMs = usual.silentMs, type, store_id, terminal_id, subject }: StreamOptions,
  { lastEventId, first, opened }: Beginning,
): AsyncGenerator<EventBlock> {
  const silent = new AbortController();
  const { body } = await transport.send({
    ...endpointTable.events.list,
    path: endpointTable.events.list.path.replace(":aid", encodeURIComponent(transport.accountId)),
    query: { type, store_id, terminal_id, subject },
    answer: "stream",
    headers: { accept: "text/event-stream", ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
    signal: signal ? AbortSignal.any([signal, silent.signal]) : silent.signal,
    ...(!first && { maxRetries: 0 }),
  });
  opened();
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silent.abort(), silentMs);
  };
  heard();
  try {
    for await (const block of eventBlocks(body as ReadableStream<Uint8Array>, heard)) {
      // While the loop deals with an event nothing is read, which is no silence of the server.
      clearTimeout(watchdog);
      yield block;
      heard();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (silent.signal.aborted) throw new TimeoutError(`Nothing came on the stream for ${silentMs} ms`);
    throw error instanceof TillkeeperError ? error : connectionFailure(error).error;
  } finally {
    clearTimeout(watchdog);
  }
}

function itemOf({ event, data = "" }: EventBlock): AnyEvent | Reset {
  const item = JSON.parse(data);
  return event === "reset" ? { event: "reset", ...item } : item;
}
