import { brokerEndpoints as brokers, type Verdict } from "@tillkeeper/contract/http/broker";
import type { FastifyRequest } from "fastify";
import { sha256, sha256Matches } from "../../../../access/auth/secrets/secrets.ts";
import type { AuthenticationDeps } from "../../../../enrolment/issue-credential.ts";
import { ApiError } from "../../../../platform/errors.ts";
import { Answer, bind, type Route } from "../../../../platform/http/route.ts";
import { mayUse, mayUseResource, mayUseRoutingKey, ownAccount, verdict, whoConnects, whoIs } from "./verdicts.ts";

interface BrokerRouteDeps {
  authentication: AuthenticationDeps;
  /** Whoever knows it may ask; without one the routes look as if they did not exist. */
  secret: string | undefined;
  brokerUrl: string | undefined;
}

const bearer = /^Bearer +(\S+)$/i;

/** Brokers ask here who may connect and what they may use: RabbitMQ in its own way, others in the way of EMQX. */
export function brokerRoutes(deps: BrokerRouteDeps): Route[] {
  const own = ownAccount(deps.brokerUrl);
  return [
    ...rabbitRoutes(deps),
    bind(
      brokers.authenticate,
      async ({ body: { username, password, clientid } }) => {
        const who = await whoConnects({ ...deps.authentication, own }, { username, password, clientId: clientid });
        return { result: verdict(who !== "nobody"), is_superuser: who === "server" };
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
        plain(verdict((await whoConnects({ ...authentication, own }, { username, password, clientId })) !== "nobody")),
      rules,
    ),
    bind(brokers.rabbitVhost, ({ body }) => plain(verdict(whoIs(own, body.username) !== "nobody")), rules),
    bind(brokers.rabbitResource, ({ body }) => plain(mayUseResource(own, body)), rules),
    bind(brokers.rabbitTopic, ({ body }) => plain(mayUseRoutingKey(own, body)), rules),
  ];
}

/** RabbitMQ reads one bare word. */
function plain(body: Verdict): Answer<Verdict> {
  return new Answer(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

type Find = (request: FastifyRequest) => string | undefined;

const inHeader: Find = ({ headers }) => bearer.exec(headers.authorization ?? "")?.[1];
/** RabbitMQ can send no header of its own. */
const inPath: Find = ({ params }) => (params as { broker_secret?: string }).broker_secret;

/** Whoever does not know the secret sees nothing there. */
function knows(secret: string | undefined, find: Find): (request: FastifyRequest) => void {
  const expected = secret === undefined ? undefined : sha256(secret);
  return (request) => {
    const sent = find(request);
    if (expected && sent !== undefined && sha256Matches(sent, expected)) return;
    throw new ApiError("not_found", "There is nothing at this address.");
  };
}
