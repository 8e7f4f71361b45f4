import { brokerEndpoints as brokers, type Verdict } from "@tillkeeper/contract/http/broker";
import type { FastifyRequest } from "fastify";
import { sha256, sha256Matches } from "../../../../access/auth/secrets/secrets.ts";
import { nothingHere } from "../../../../platform/errors.ts";
import { Answer, bind, type Route } from "../../../../platform/http/route.ts";
import type { AuthenticationDeps } from "../../../../terminals/credentials/authenticate.ts";
import {
  authenticateClient,
  clientKindOf,
  mayUse,
  mayUseResource,
  mayUseRoutingKey,
  ownAccount,
  verdict,
} from "./verdicts.ts";

interface BrokerRouteDeps {
  authentication: AuthenticationDeps;
  /** The secret that brokers must send; without one the routes answer 404. */
  secret: string | undefined;
  brokerUrl: string | undefined;
}

const bearer = /^Bearer +(\S+)$/i;

/**
 * Routes by which brokers ask who may connect and what they may use: RabbitMQ in its own format, others in that of
 * EMQX.
 */
export function brokerRoutes(deps: BrokerRouteDeps): Route[] {
  const own = ownAccount(deps.brokerUrl);
  return [
    ...rabbitRoutes(deps),
    bind(
      brokers.authenticate,
      async ({ body: { username, password, clientid } }) => {
        const kind = await authenticateClient(
          { ...deps.authentication, own },
          { username, password, clientId: clientid },
        );
        return { result: verdict(kind !== "nobody"), is_superuser: kind === "server" };
      },
      { guard: knows(deps.secret, inHeader) },
    ),
    bind(brokers.authorize, ({ body }) => ({ result: mayUse(own, body) }), { guard: knows(deps.secret, inHeader) }),
  ];
}

function rabbitRoutes({ authentication, secret, brokerUrl }: BrokerRouteDeps): Route[] {
  const own = ownAccount(brokerUrl);
  const rules = { guard: knows(secret, inPath) };
  return [
    bind(
      brokers.rabbitUser,
      async ({ body: { username, password, client_id: clientId } }) =>
        plain(
          verdict(
            (await authenticateClient({ ...authentication, own }, { username, password, clientId })) !== "nobody",
          ),
        ),
      rules,
    ),
    bind(brokers.rabbitVhost, ({ body }) => plain(verdict(clientKindOf(own, body.username) !== "nobody")), rules),
    bind(brokers.rabbitResource, ({ body }) => plain(mayUseResource(own, body)), rules),
    bind(brokers.rabbitTopic, ({ body }) => plain(mayUseRoutingKey(own, body)), rules),
  ];
}

/** RabbitMQ reads the answer as one bare word. */
function plain(body: Verdict): Answer<Verdict> {
  return new Answer(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

type Find = (request: FastifyRequest) => string | undefined;

const inHeader: Find = ({ headers }) => bearer.exec(headers.authorization ?? "")?.[1];
/** RabbitMQ can send no header of its own. */
const inPath: Find = ({ params }) => (params as { broker_secret?: string }).broker_secret;

/** A guard that answers 404 unless the request carries the secret. */
function knows(secret: string | undefined, find: Find): (request: FastifyRequest) => void {
  const expected = secret === undefined ? undefined : sha256(secret);
  return (request) => {
    const sent = find(request);
    if (expected && sent !== undefined && sha256Matches(sent, expected)) return;
    throw nothingHere();
  };
}
