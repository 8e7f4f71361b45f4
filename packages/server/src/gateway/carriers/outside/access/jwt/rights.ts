import { deviceTopicPrefix, topic, upChannels } from "@tillkeeper/contract/mqtt";

/** What a token allows, in the claims that EMQX (`acl`) and RabbitMQ's OAuth 2 plugin (`scope`) read. */
export interface Rights {
  acl: { pub?: string[]; sub?: string[]; all?: string[] };
  scope: string[];
}

/** `resource_server_id` at RabbitMQ, and `aud` of the tokens. */
export const brokerAudience = "tillkeeper";

const exchange = "amq.topic";

/** A device reads what is below its address, and says what devices say. */
export function deviceRights({ address, clientId }: { address: string; clientId: string }): Rights {
  const below = deviceTopicPrefix(address);
  const said = upChannels.map((channel) => topic(address, channel));
  // Whose name is made from the client id, with the quality of service behind it.
  const queue = `${encodeURIComponent(`mqtt-subscription-${clientId}`)}qos*`;
  return {
    acl: { pub: said, sub: [`${below}#`] },
    scope: [
      ...["configure", "write", "read"].map((permission) => scopeOf(permission, queue)),
      scopeOf("read", exchange, routingKey(`${below}*`)),
      ...said.map((name) => scopeOf("write", exchange, routingKey(name))),
    ],
  };
}

/** A server hears and says everything, and ends connections by their client ids. */
export function serverRights(): Rights {
  return {
    acl: { all: ["tillkeeper/v1/#", "$share/+/tillkeeper/v1/#"] },
    scope: [
      ...["configure", "write", "read"].map((permission) => scopeOf(permission, "mqtt-subscription-*")),
      ...["write", "read"].map((permission) => scopeOf(permission, exchange, "tillkeeper.v1.*")),
    ],
  };
}

/** In the virtual host `/`. */
function scopeOf(permission: string, resource: string, key?: string): string {
  const place = key === undefined ? resource : `${resource}/${key}`;
  return `${brokerAudience}.${permission}:%2F/${place}`;
}

/** As RabbitMQ writes the topic. */
function routingKey(name: string): string {
  return name.replaceAll("/", ".");
}
