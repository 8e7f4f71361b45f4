import { clientIdPattern } from "@tillkeeper/contract/http/clients";
import type { FastifyRequest } from "fastify";

/** The client that a request is of, as the request log names it. */
interface LoggedClient {
  account_id: string;
  client_id: string;
}

const clients = new WeakMap<FastifyRequest, LoggedClient>();

const clientIdForm = new RegExp(clientIdPattern);
/** As long and of such characters as the secrets that the server makes. */
const secretForm = /^[\w-]{43}$/;

/**
 * Has the request log name a client: the client of a token, or a client that asks for a token. The latter is only
 * claimed until the answer is a token. A caller may have put a secret in the id's place, so what may be a secret is not shown.
 */
export function nameClient(
  request: FastifyRequest,
  { accountId, clientId }: { accountId: string; clientId: string },
): void {
  const shown = clientIdForm.test(clientId) && !secretForm.test(clientId);
  clients.set(request, { account_id: accountId, client_id: shown ? clientId : "***" });
}

/** Nothing for a request without a client. */
export function clientOf(request: FastifyRequest): LoggedClient | undefined {
  return clients.get(request);
}
