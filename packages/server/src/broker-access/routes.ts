import {
  BrokerLogin,
  BrokerLoginVerdict,
  BrokerSecretPath,
  BrokerUse,
  BrokerUseVerdict,
  RabbitResource,
  RabbitTopic,
  RabbitUser,
  RabbitVhost,
  Verdict,
} from "@tillkeeper/contract/http/broker";
import type { FastifyRequest } from "fastify";
import { sha256, sha256Matches } from "../auth/secrets.ts";
import { ApiError } from "../platform/errors.ts";
import { type OldAnswer, type Route, route } from "../platform/http/route.ts";
import type { AuthenticationDeps } from "../terminals/credentials.ts";
import { mayUse, mayUseResource, mayUseRoutingKey, ownAccount, verdict, whoConnects, whoIs } from "./verdicts.ts";

interface BrokerRouteDeps {
  authentication: AuthenticationDeps;
  /** Whoever knows it may ask; without one the routes look as if they did not exist. */
  secret: string | undefined;
  brokerUrl: string | undefined;
}

const tag = "Brokers";
const bearer = /^Bearer +(\S+)$/i;

/** Brokers ask here who may connect and what they may use: RabbitMQ in its own way, others in the way of EMQX. */
export function brokerRoutes(deps: BrokerRouteDeps): Route[] {
  const own = ownAccount(deps.brokerUrl);
  return [
    ...rabbitRoutes(deps),
    route({
      method: "POST",
      scopes: "public",
      guard: knows(deps.secret, inHeader),
      tag,
      path: "/v1/broker/auth",
      id: "broker_auth_post",
      summary: "Asked by a broker: may this client connect? Takes the broker secret as bearer token",
      schemas: { body: BrokerLogin, responses: { 200: BrokerLoginVerdict } },
      handle: async ({ body: { username, password, clientid } }) => {
        const who = await whoConnects({ ...deps.authentication, own }, { username, password, clientId: clientid });
        return { status: 200, body: { result: verdict(who !== "nobody"), is_superuser: who === "server" } };
      },
    }),
    route({
      method: "POST",
      scopes: "public",
      guard: knows(deps.secret, inHeader),
      tag,
      path: "/v1/broker/acl",
      id: "broker_acl_post",
      summary: "Asked by a broker: may this client use the topic? Takes the broker secret as bearer token",
      schemas: { body: BrokerUse, responses: { 200: BrokerUseVerdict } },
      handle: ({ body }) => ({ status: 200, body: { result: mayUse(own, body) } }),
    }),
  ];
}

function rabbitRoutes({ authentication, secret, brokerUrl }: BrokerRouteDeps): Route[] {
  const own = ownAccount(brokerUrl);
  const base = "/v1/broker/:broker_secret/rabbitmq";
  const question = {
    method: "POST",
    guard: knows(secret, inPath),
    tag,
    form: true,
  } as const;
  const schemas = { params: BrokerSecretPath, responses: { 200: Verdict } };
  return [
    route({
      ...question,
      scopes: "public",
      path: `${base}/user`,
      id: "broker_rabbitmq_user_post",
      summary: "Asked by RabbitMQ: may this user connect?",
      schemas: { ...schemas, body: RabbitUser },
      handle: async ({ body: { username, password, client_id: clientId } }) =>
        plain(verdict((await whoConnects({ ...authentication, own }, { username, password, clientId })) !== "nobody")),
    }),
    route({
      ...question,
      scopes: "public",
      path: `${base}/vhost`,
      id: "broker_rabbitmq_vhost_post",
      summary: "Asked by RabbitMQ: may this user enter the virtual host?",
      schemas: { ...schemas, body: RabbitVhost },
      handle: ({ body }) => plain(verdict(whoIs(own, body.username) !== "nobody")),
    }),
    route({
      ...question,
      scopes: "public",
      path: `${base}/resource`,
      id: "broker_rabbitmq_resource_post",
      summary: "Asked by RabbitMQ: may this user use the queue or exchange?",
      schemas: { ...schemas, body: RabbitResource },
      handle: ({ body }) => plain(mayUseResource(own, body)),
    }),
    route({
      ...question,
      scopes: "public",
      path: `${base}/topic`,
      id: "broker_rabbitmq_topic_post",
      summary: "Asked by RabbitMQ: may this user publish or subscribe with the routing key?",
      schemas: { ...schemas, body: RabbitTopic },
      handle: ({ body }) => plain(mayUseRoutingKey(own, body)),
    }),
  ];
}

/** RabbitMQ reads one bare word. */
function plain(body: Verdict): OldAnswer {
  return { status: 200, body, headers: { "content-type": "text/plain; charset=utf-8" } };
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
