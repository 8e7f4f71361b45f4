import { type Static, Type } from "typebox";

/** What brokers ask this server before they let somebody in (docs/brokers.md). Brokers say more than is looked at. */
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
