import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { endpointTable, type Nouns } from "./endpoint-table.ts";
import { methodOf, type Row } from "./method.ts";
import { type ClientOptions, createTransport, type Transport } from "./transport.ts";
import { type WaitMethod, waitForEnd } from "./wait.ts";

export type { ClientOptions } from "./transport.ts";

/** The methods of the endpoints, and methods that take more than one call. */
export interface Client extends Nouns {
  readonly operations: Nouns["operations"] & WaitMethod;
  /**
   * Gives the access token in use, and gets one if there is none. Other methods do so by themselves; an early call shows
   * whether the credentials are right. Throws `TillkeeperError` when the server refuses them.
   */
  token(): Promise<TokenResponse>;
}

/**
 * Creates a client of one account. It keeps its access token, and renews it at half of its life. Its methods throw
 * `TillkeeperError` for every answer that is not a success, and fetch's `TypeError` when the server cannot be reached.
 */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  const nouns = Object.fromEntries(
    Object.entries(endpointTable).map(([noun, rows]) => [noun, methodsOf(transport, rows)]),
  ) as unknown as Nouns;
  const { operations } = nouns;
  return {
    ...nouns,
    operations: { ...operations, wait: (id, waiting) => waitForEnd(operations.get, id, waiting) },
    token: () => transport.token(),
  };
}

function methodsOf(transport: Transport, rows: Readonly<Record<string, Row>>): object {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, methodOf(transport, row)]));
}
