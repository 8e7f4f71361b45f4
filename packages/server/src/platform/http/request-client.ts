import { clientIdPattern } from "@tillkeeper/contract/http/clients";
import type { FastifyRequest } from "fastify";

/** The client of a request, as the request log names it. */
interface LoggedClient {
  account_id: string;
  client_id: string;
}

const clients = new WeakMap<FastifyRequest, LoggedClient>();

const clientIdForm = new RegExp(clientIdPattern);
/** Form of the secrets that the server generates. */
const secretForm = /^[\w-]{43}$/;

/**
 * Names the client of a request in the request log: the client of a token, or a client that requests one. The latter is
 * not verified until it gets a token. A caller may have put a secret in the id's place, so a possible secret is not
 * logged.
 */
export function nameClient(
  request: FastifyRequest,
  { accountId, clientId }: { accountId: string; clientId: string },
): void {
  const shown = clientIdForm.test(clientId) && !secretForm.test(clientId);
  clients.set(request, { account_id: accountId, client_id: shown ? clientId : "***" });
}

/** Undefined for a request without a client. */
export function clientOf(request: FastifyRequest): LoggedClient | undefined {
  return clients.get(request);
}

const noted = new WeakMap<FastifyRequest, Readonly<Record<string, string>>>();

/** Adds what a request is about to its line in the request log, for example the id of an operation. */
export function noteForLog(request: FastifyRequest, fields: Readonly<Record<string, string>>): void {
  noted.set(request, fields);
}

/** Undefined for a request of which nothing was noted. */
export function notedOf(request: FastifyRequest): Readonly<Record<string, string>> | undefined {
  return noted.get(request);
}
