import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { BrokerUse, RabbitResource, RabbitTopic, Verdict } from "@tillkeeper/contract/http/broker";
import { sha256, sha256Matches } from "../../../../access/auth/secrets/secrets.ts";
import { type AuthenticationDeps, authenticateTerminal } from "../../../../terminals/credentials/authenticate.ts";
import { mayPublish, maySubscribe } from "../../topic-rules.ts";

/** The login of the server itself, as in `MQTT_URL`. With it a broker that asks this server needs no list of users. */
export interface OwnAccount {
  username: string;
  passwordSha256: Buffer;
}

export function ownAccount(brokerUrl: string | undefined): OwnAccount | undefined {
  const { username, password } = new URL(brokerUrl ?? "mqtt://none");
  if (username === "" || password === "") return undefined;
  return { username: decodeURIComponent(username), passwordSha256: sha256(decodeURIComponent(password)) };
}

interface Login {
  username: string;
  password: string | undefined;
  /** Undefined for a connection that is not MQTT: devices do not use such. */
  clientId: string | undefined;
}

interface VerdictDeps extends AuthenticationDeps {
  own: OwnAccount | undefined;
}

export type ClientKind = "server" | "device" | "nobody";

/**
 * Authenticates a client of the broker. A device's client id must be its address. A second connection with a client id
 * ends the first, so no device may use another's. The server ends connections by it.
 */
export async function authenticateClient(
  { own, ...authentication }: VerdictDeps,
  { username, password, clientId }: Login,
): Promise<ClientKind> {
  if (own && username === own.username) {
    return password !== undefined && sha256Matches(password, own.passwordSha256) ? "server" : "nobody";
  }
  if (clientId !== username || password === undefined) return "nobody";
  return (await authenticateTerminal(authentication, username, Buffer.from(password))) ? "device" : "nobody";
}

/** The kind of a client that was authenticated before; its credential is not at hand. */
export function clientKindOf(own: OwnAccount | undefined, username: string): ClientKind {
  if (own && username === own.username) return "server";
  return readDeviceAddress(username) === undefined ? "nobody" : "device";
}

export function mayUse(own: OwnAccount | undefined, { username, topic, action }: BrokerUse): Verdict {
  const kind = clientKindOf(own, username);
  if (kind !== "device") return verdict(kind === "server");
  return verdict(action === "publish" ? mayPublish(username, topic) : maySubscribe(username, topic));
}

const topicExchange = "amq.topic";

/**
 * Whether a client may use a queue or exchange. RabbitMQ keeps a device's messages in queues named after its client id,
 * and routes all messages by one exchange.
 */
export function mayUseResource(own: OwnAccount | undefined, asked: RabbitResource): Verdict {
  const kind = clientKindOf(own, asked.username);
  if (kind !== "device") return verdict(kind === "server");
  if (asked.resource === "exchange") return verdict(asked.name === topicExchange && asked.permission !== "configure");
  const queues = ["qos0", "qos1"].map((end) => `mqtt-subscription-${asked.username}${end}`);
  return verdict(asked.resource === "queue" && queues.includes(asked.name));
}

/**
 * Whether a client may use a routing key. RabbitMQ shows topics and filters as routing keys, with dots for slashes. Our
 * topics hold no dots, so a topic that did has a level too many here.
 */
export function mayUseRoutingKey(own: OwnAccount | undefined, asked: RabbitTopic): Verdict {
  const topic = asked.routing_key.replaceAll(".", "/").replaceAll("*", "+");
  const action = { write: "publish", read: "subscribe" } as const;
  const known = asked.permission === "write" || asked.permission === "read" ? action[asked.permission] : undefined;
  if (known === undefined || asked.name !== topicExchange)
    return verdict(clientKindOf(own, asked.username) === "server");
  return mayUse(own, { username: asked.username, topic, action: known });
}

export function verdict(allowed: boolean): Verdict {
  return allowed ? "allow" : "deny";
}
