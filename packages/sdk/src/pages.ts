import type { Answer } from "./method-types.ts";
import type { Call, Transport } from "./transport.ts";

/**
 * Asks for a page of a list. The promise has the page; a loop over it has the items of this page and of all later ones, each asked
 * for when the loop reaches it.
 */
export function pagesFrom(transport: Transport, call: Call): Promise<unknown> & AsyncIterable<unknown> {
  const first = transport.send(call);
  const page = first.then(({ body }) => body);
  const iterator = () => {
    // The loop throws the error of the first page; the promise itself may have no reader.
    page.catch(() => undefined);
    return allItems(transport, call, first);
  };
  return Object.assign(page, { [Symbol.asyncIterator]: iterator });
}

async function* allItems(transport: Transport, call: Call, first: Promise<Answer<unknown>>): AsyncGenerator {
  const seen = new Set<string>();
  for (let { body, next } = await first; ; ) {
    yield* itemsOf(body);
    if (next === undefined) return;
    if (seen.has(next)) throw new Error(`The server gave the page after ${next} before`);
    seen.add(next);
    const query = { limit: largestPage, ...call.query, starting_after: next };
    ({ body, next } = await transport.send({ ...call, query }));
  }
}

const largestPage = 100;

/** The items of a page, which is an array, or an object with one field that is an array. */
function itemsOf(body: unknown): unknown[] {
  return Array.isArray(body) ? body : (Object.values(body as object).find(Array.isArray) ?? []);
}
