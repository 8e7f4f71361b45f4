import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { BrokerUse, RabbitResource, RabbitTopic, Verdict } from "@tillkeeper/contract/http/broker";
import { sha256, sha256Matches } from "../../../../access/auth/secrets/secrets.ts";
import { type AuthenticationDeps, authenticateTerminal } from "../../../../enrolment/issue-credential.ts";
import { mayPublish, maySubscribe } from "../../topic-rules.ts";

/** Of the server itself, as in `MQTT_URL`: so a broker that asks us needs no list of users. */
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
  /** What is not MQTT has none: devices have no business there. */
  clientId: string | undefined;
}

interface VerdictDeps extends AuthenticationDeps {
  own: OwnAccount | undefined;
}

export type Who = "server" | "device" | "nobody";

/**
 * Who shows this credential. A device's client id must be its address: a second connection with a client id ends the first,
 * so nobody may take another one's, and the server must know by which one to end it.
 */
export async function whoConnects(
  { own, ...authentication }: VerdictDeps,
  { username, password, clientId }: Login,
): Promise<Who> {
  if (own && username === own.username) {
    return password !== undefined && sha256Matches(password, own.passwordSha256) ? "server" : "nobody";
  }
  if (clientId !== username || password === undefined) return "nobody";
  return (await authenticateTerminal(authentication, username, Buffer.from(password))) ? "device" : "nobody";
}

/** Who a connection is that was let in before; its credential is not at hand. */
export function whoIs(own: OwnAccount | undefined, username: string): Who {
  if (own && username === own.username) return "server";
  return readDeviceAddress(username) === undefined ? "nobody" : "device";
}

export function mayUse(own: OwnAccount | undefined, { username, topic, action }: BrokerUse): Verdict {
  const who = whoIs(own, username);
  if (who !== "device") return verdict(who === "server");
  return verdict(action === "publish" ? mayPublish(username, topic) : maySubscribe(username, topic));
}

const topicExchange = "amq.topic";

/** RabbitMQ keeps what waits for a device in queues that carry its client id, and sends everything by one exchange. */
export function mayUseResource(own: OwnAccount | undefined, asked: RabbitResource): Verdict {
  const who = whoIs(own, asked.username);
  if (who !== "device") return verdict(who === "server");
  if (asked.resource === "exchange") return verdict(asked.name === topicExchange && asked.permission !== "configure");
  const queues = ["qos0", "qos1"].map((end) => `mqtt-subscription-${asked.username}${end}`);
  return verdict(asked.resource === "queue" && queues.includes(asked.name));
}

/** RabbitMQ shows topics and filters as routing keys. Ours hold no dots: what held one has a level too many here. */
export function mayUseRoutingKey(own: OwnAccount | undefined, asked: RabbitTopic): Verdict {
  const topic = asked.routing_key.replaceAll(".", "/").replaceAll("*", "+");
  const action = { write: "publish", read: "subscribe" } as const;
  const known = asked.permission === "write" || asked.permission === "read" ? action[asked.permission] : undefined;
  if (known === undefined || asked.name !== topicExchange) return verdict(whoIs(own, asked.username) === "server");
  return mayUse(own, { username: asked.username, topic, action: known });
}

export function verdict(allowed: boolean): Verdict {
  return allowed ? "allow" : "deny";
}
