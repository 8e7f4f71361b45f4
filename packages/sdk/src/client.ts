import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { endpointTable, type Nouns } from "./endpoint-table.ts";
import { methodOf, type Row } from "./method.ts";
import { type ClientOptions, createTransport, type Transport } from "./transport.ts";
import { type Waiting, waitForEnd } from "./wait.ts";

export type { ClientOptions } from "./transport.ts";

/** The methods of the endpoints, and what takes more than one call. */
export interface Client extends Nouns {
  readonly operations: Nouns["operations"] & Waiting;
  /** The access token in use; every call gets it by itself. Asking early shows whether the credentials are right. */
  token(): Promise<TokenResponse>;
}

/**
 * A client of one account. It keeps its token and renews it at half of its life. Every answer that is not a success is
 * thrown as `TillkeeperError`; a server that cannot be reached is fetch's `TypeError`.
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
