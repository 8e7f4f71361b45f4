import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { type CloseMethod, closeMethod } from "./close.ts";
import { endpointTable, type Nouns } from "./endpoint-table.ts";
import { type StreamMethod, streamMethod } from "./events.ts";
import { methodOf, type Row } from "./method.ts";
import { type ClientOptions, createTransport, type SessionOptions, type Transport } from "./transport.ts";
import { type OperationMethods, operationMethods } from "./wait.ts";

export type { ClientOptions, SessionOptions } from "./transport.ts";

/** The methods of the endpoints, and methods that take more than one call. */
export interface Client extends Nouns {
  readonly operations: Nouns["operations"] & OperationMethods;
  readonly closings: Nouns["closings"] & CloseMethod;
  readonly events: Nouns["events"] & StreamMethod;
  /**
   * Gives the access token in use, and gets one if there is none. Other methods do so by themselves; an early call shows
   * whether the credentials are right. Throws `TillkeeperError` when the server refuses them.
   */
  token(): Promise<TokenResponse>;
}

/** A client on a page of the server itself, whose cookie opens it. */
export type SessionClient = Omit<Client, "token">;

/**
 * Creates a client of one account. It keeps its access token, and renews it at half of its life. A call that fails for a while is sent
 * again by itself. What remains is thrown: `TillkeeperError` for every answer that is not a success, its subclasses `ConnectionError` and
 * `TimeoutError` when none came, and the reason of a signal that aborts.
 */
export function createClient(options: ClientOptions): Client;
/** Creates a client for a page of the server itself: the session of the person who signed in there opens it. */
export function createClient(options: SessionOptions): SessionClient;
export function createClient(options: ClientOptions | SessionOptions): Client {
  return clientOver(createTransport(options));
}

/** Creates the client that sends its requests by a transport, which others may use beside it. */
export function clientOver(transport: Transport): Client {
  const nouns = Object.fromEntries(
    Object.entries(endpointTable).map(([noun, rows]) => [noun, methodsOf(transport, rows)]),
  ) as unknown as Nouns;
  const { operations, closings, events } = nouns;
  return {
    ...nouns,
    operations: { ...operations, ...operationMethods(operations) },
    closings: { ...closings, ...closeMethod(closings) },
    events: { ...events, ...streamMethod(transport) },
    token: () => transport.token(),
  };
}

function methodsOf(transport: Transport, rows: Readonly<Record<string, Row>>): object {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, methodOf(transport, row)]));
}
