import { deviceTopicPrefix, topic, upChannels } from "@tillkeeper/contract/mqtt/topics";

/** The rights in a token, in the claims that EMQX (`acl`) and RabbitMQ's OAuth 2 plugin (`scope`) read. */
export interface Rights {
  acl: { pub?: string[]; sub?: string[]; all?: string[] };
  scope: string[];
}

/** `resource_server_id` at RabbitMQ, and `aud` of the tokens. */
export const brokerAudience = "tillkeeper";

const exchange = "amq.topic";

/** The rights of a device: subscribe below its address, publish to its up channels. */
export function deviceRights({ address, clientId }: { address: string; clientId: string }): Rights {
  const below = deviceTopicPrefix(address);
  const published = upChannels.map((channel) => topic(address, channel));
  // RabbitMQ names a client's queue after the client id, followed by the QoS.
  const queue = `${encodeURIComponent(`mqtt-subscription-${clientId}`)}qos*`;
  return {
    acl: { pub: published, sub: [`${below}#`] },
    scope: [
      ...["configure", "write", "read"].map((permission) => scopeOf(permission, queue)),
      scopeOf("read", exchange, routingKey(`${below}*`)),
      ...published.map((name) => scopeOf("write", exchange, routingKey(name))),
    ],
  };
}

/** The rights of a server: publish and subscribe everywhere, and end connections by their client ids. */
export function serverRights(): Rights {
  return {
    acl: { all: ["tillkeeper/v1/#", "$share/+/tillkeeper/v1/#"] },
    scope: [
      ...["configure", "write", "read"].map((permission) => scopeOf(permission, "mqtt-subscription-*")),
      ...["write", "read"].map((permission) => scopeOf(permission, exchange, "tillkeeper.v1.*")),
    ],
  };
}

/** A scope in RabbitMQ's virtual host `/`. */
function scopeOf(permission: string, resource: string, key?: string): string {
  const target = key === undefined ? resource : `${resource}/${key}`;
  return `${brokerAudience}.${permission}:%2F/${target}`;
}

/** The routing key that RabbitMQ makes of a topic. */
function routingKey(name: string): string {
  return name.replaceAll("/", ".");
}
