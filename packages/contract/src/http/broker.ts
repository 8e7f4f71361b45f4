import { type Static, Type } from "typebox";
import { endpoint } from "./endpoint.ts";

/**
 * Questions of outside brokers before they admit a client (docs/brokers.md). Brokers send more fields than the server reads,
 * so unknown ones are allowed.
 */
const open = { additionalProperties: true } as const;
const Text = Type.String({ maxLength: 4096 });

export const BrokerSecretPath = Type.Object({
  broker_secret: Type.String({ description: "`TILLKEEPER_BROKER_SECRET` of the server." }),
});

export const RabbitUser = Type.Object(
  { username: Text, password: Type.Optional(Text), client_id: Type.Optional(Text) },
  open,
);
export const RabbitVhost = Type.Object({ username: Text, vhost: Text }, open);
export const RabbitResource = Type.Object({ username: Text, resource: Text, name: Text, permission: Text }, open);
export type RabbitResource = Static<typeof RabbitResource>;
export const RabbitTopic = Type.Object({ username: Text, name: Text, permission: Text, routing_key: Text }, open);
export type RabbitTopic = Static<typeof RabbitTopic>;

export const Verdict = Type.Enum(["allow", "deny"]);
export type Verdict = Static<typeof Verdict>;

export const BrokerLogin = Type.Object({ username: Text, password: Type.Optional(Text), clientid: Text }, open);
export const BrokerLoginVerdict = Type.Object({
  result: Verdict,
  is_superuser: Type.Boolean({ description: "True for the server itself, which may use every topic." }),
});

export const BrokerUse = Type.Object(
  { username: Text, topic: Text, action: Type.Enum(["publish", "subscribe"]) },
  open,
);
export type BrokerUse = Static<typeof BrokerUse>;
export const BrokerUseVerdict = Type.Object({ result: Verdict });

const tag = "Brokers";
const base = "/v1/broker/:broker_secret/rabbitmq";
const question = {
  method: "POST",
  scopes: "public",
  tag,
  form: true,
  plain: true,
  params: BrokerSecretPath,
  answers: { 200: Verdict },
  errors: ["not_found"],
} as const;

export const brokerEndpoints = {
  authenticate: endpoint({
    method: "POST",
    path: "/v1/broker/auth",
    scopes: "public",
    credentials: ["broker"],
    id: "broker_auth_post",
    summary: "Asked by a broker: may this client connect? Takes the broker secret as bearer token",
    tag,
    body: BrokerLogin,
    answers: { 200: BrokerLoginVerdict },
    outsideSdk: "for brokers",
    errors: ["not_found"],
  }),
  authorize: endpoint({
    method: "POST",
    path: "/v1/broker/acl",
    scopes: "public",
    credentials: ["broker"],
    id: "broker_acl_post",
    summary: "Asked by a broker: may this client use the topic? Takes the broker secret as bearer token",
    tag,
    body: BrokerUse,
    answers: { 200: BrokerUseVerdict },
    outsideSdk: "for brokers",
    errors: ["not_found"],
  }),
  rabbitUser: endpoint({
    ...question,
    path: `${base}/user`,
    id: "broker_rabbitmq_user_post",
    summary: "Asked by RabbitMQ: may this user connect?",
    body: RabbitUser,
    outsideSdk: "for brokers",
  }),
  rabbitVhost: endpoint({
    ...question,
    path: `${base}/vhost`,
    id: "broker_rabbitmq_vhost_post",
    summary: "Asked by RabbitMQ: may this user enter the virtual host?",
    body: RabbitVhost,
    outsideSdk: "for brokers",
  }),
  rabbitResource: endpoint({
    ...question,
    path: `${base}/resource`,
    id: "broker_rabbitmq_resource_post",
    summary: "Asked by RabbitMQ: may this user use the queue or exchange?",
    body: RabbitResource,
    outsideSdk: "for brokers",
  }),
  rabbitTopic: endpoint({
    ...question,
    path: `${base}/topic`,
    id: "broker_rabbitmq_topic_post",
    summary: "Asked by RabbitMQ: may this user publish or subscribe with the routing key?",
    body: RabbitTopic,
    outsideSdk: "for brokers",
  }),
};
