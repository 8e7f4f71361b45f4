import { AsyncLocalStorage } from "node:async_hooks";
import { Readable } from "node:stream";

/** The generated ids of the stores that a caller is limited to. An empty list is a limit, too: to nothing. */
export type StoreLimit = readonly string[];

const current = new AsyncLocalStorage<StoreLimit | undefined>();

/**
 * Runs `work`, and all that it calls, for a caller who is limited to these stores; undefined: not limited. Requests are bound here
 * once, where their handler is called, so that no handler can forget to hand the limit on: every `inTenant` below is limited.
 */
export function limitedTo<T>(stores: StoreLimit | undefined, work: () => T): T {
  return current.run(stores, work);
}

/** The stores that the request at hand is limited to; undefined without a limit, and outside of requests. */
export function storeLimit(): StoreLimit | undefined {
  return current.getStore();
}

/**
 * Has a stream that is made from reads of the database read on under the limit that holds now. It is read while its answer is sent,
 * after the handler has returned and in no request's context.
 */
export function keepLimit(body: unknown): void {
  if (!(body instanceof Readable)) return;
  const read = body._read.bind(body);
  const inContext = AsyncLocalStorage.snapshot();
  body._read = (size) => inContext(() => read(size));
}

/**
 * Runs `work` without the limit of the request that happens to cause it: for work that several callers share, such as a batch. The part
 * that a caller gets of its result has to be checked against the caller's own limit.
 */
export function sharedWork<T>(work: () => T): T {
  return limitedTo(undefined, work);
}
