import { AsyncLocalStorage } from "node:async_hooks";

/** A span that is recorded: a part of a trace, from its beginning to its end. */
export interface Span {
  /** Its place in the trace, in the form of the header `traceparent`. */
  readonly traceparent: string;
  /** Ends it. `error` makes it a failed one. */
  end(more?: { facts?: Facts; error?: string }): void;
}

/** The attributes of a span: texts and numbers under short names. */
export type Facts = Readonly<Record<string, string | number>>;

export interface SpanBegin {
  name: string;
  facts?: Facts;
  /** `server`: it answers a request. `producer`, `consumer`: it sends and takes messages. */
  kind?: "server" | "producer" | "consumer";
  /** When it began, if that is not now: milliseconds of this machine's clock. */
  beganAt?: number;
}

/** Where spans go. There is none without the setting, and then nothing of it is loaded. */
export interface Traces {
  /**
   * Begins a trace, or goes on with that of a caller: `header` is the request's `traceparent`. Undefined where the trace is not recorded: by the
   * caller's wish, or as only one of several is.
   */
  root(begin: SpanBegin, header?: string): Span | undefined;
  /** Begins a span below `parent`. Undefined where the parent is not recorded. */
  child(parent: string | null | undefined, begin: SpanBegin): Span | undefined;
  /** Sends the remaining spans, for some seconds at most. */
  close(): Promise<void>;
}

export interface TraceSettings {
  /** Base address of the collector: `/v1/traces` is added. */
  url: string;
  /** Of how many requests one is traced. */
  every: number;
}

const requests = new AsyncLocalStorage<{ span: Span | undefined }>();

/** Runs `work`, and all that it calls, as part of a request; without a span, of one that is not recorded. */
export function withinRequest<T>(span: Span | undefined, work: () => T): T {
  return requests.run({ span }, work);
}

/** Begins a span below that of the request at hand, or a trace of its own where there is no request. */
export function spanHere(traces: Traces | undefined, begin: SpanBegin): Span | undefined {
  if (!traces) return undefined;
  const request = requests.getStore();
  return request ? traces.child(request.span?.traceparent, begin) : traces.root(begin);
}
