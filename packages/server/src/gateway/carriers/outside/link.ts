import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { connect, type IConnackPacket, type IPublishPacket, type MqttClient } from "mqtt";
import type { Logger } from "../../../platform/log/log.ts";
import { pause } from "../../../platform/pause.ts";
import { shareOf } from "./access/share.ts";
import { PublishWindow } from "./publish-window.ts";

interface LinkOptions {
  url: string;
  /** Takes precedence over a user name and password in the URL. */
  user?: { username: string; password: string; share?: string } | undefined;
  /** PEM text of the certificates that are trusted in place of the system's. */
  ca?: string | undefined;
  /** Topic filters to subscribe to; shared with the other servers where the broker supports shared subscriptions. */
  filters: readonly string[];
  log: Logger;
  /** Handles a message. The next message is read when this resolves; a rejection is ignored. */
  take: (topic: string, payload: Buffer) => Promise<void> | void;
  /** Protocol versions to try, in order: 5, and 4 (MQTT 3.1.1) for brokers without MQTT 5. */
  versions: readonly (4 | 5)[];
}

/** One connection to an outside broker, from CONNECT to its end. */
export interface BrokerLink {
  version: 4 | 5;
  /** Whether the broker gives each message to one of the servers, instead of to all. */
  shared: boolean;
  /**
   * Publishes with QoS 1 and resolves with the broker's PUBACK. Rejects when the link ends first, or when too many
   * messages wait already. A broker with MQTT 5 discards the message once it has waited there for `lifeSeconds`
   * (message expiry interval).
   */
  publish(topic: string, payload: string, lifeSeconds?: number): Promise<void>;
  /**
   * Resolves when the broker sends no further messages here: it gives them to the other servers from then on. Rejects
   * when the broker does not confirm it.
   */
  unsubscribe(): Promise<void>;
  /**
   * Sends DISCONNECT and resolves when the link has ended. A broker that does not close the connection within a second
   * is not waited for.
   */
  close(): Promise<void>;
  /** Resolves when the link has ended, for any reason. Never rejects. */
  ended: Promise<void>;
}

const connectTimeoutMs = 5_000;
const disconnectTimeoutMs = 1_000;
/**
 * The broker ends the session of a vanished server after one and a half of these; until then that server keeps its
 * share of the messages.
 */
const keepaliveSeconds = 10;
/** Messages that the broker may send before the first of them is acknowledged. */
const receiveMaximum = 1_000;
const unsupportedVersion = 132;

/**
 * Connects once and subscribes: with MQTT 5 if the broker knows it, else with 3.1.1 where `versions` allows it. Throws
 * the error of the last attempt. A link keeps nothing for the next one: the outbox and the agents repeat what could not
 * be sent.
 */
export async function openLink(options: LinkOptions): Promise<BrokerLink> {
  const [version, ...others] = options.versions;
  if (version === undefined) throw new Error("no version to try");
  try {
    return await openAs(version, options);
  } catch (error) {
    if (others.length === 0 || !mayBeVersionProblem(error)) throw error;
    return openLink({ ...options, versions: others });
  }
}

/** Whether an older version may succeed: the network worked, and the broker gave no other reason than the version. */
function mayBeVersionProblem(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return false;
  return typeof code !== "number" || code < 128 || code === unsupportedVersion;
}

async function openAs(version: 4 | 5, { url, user, ca, filters, log, take }: LinkOptions): Promise<BrokerLink> {
  const address = new URL(url);
  const { share: shareName = shareOf(user?.password ?? address.password), ...login } = user ?? {};
  // With the `mqtt` client, the user name in a URL takes precedence over the options.
  if (user) address.username = address.password = "";
  const client = connect(address.href, {
    protocolVersion: version,
    // MQTT 3.1.1 obliges brokers to accept no more than 23 letters and digits.
    clientId: `tillkeeper${randomBytes(6).toString("hex")}`,
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    manualConnect: true,
    ...login,
    ...(ca !== undefined && { ca }),
    ...(version === 5 && { properties: { receiveMaximum } }),
  });
  // Every publish under way adds a listener for the end.
  client.setMaxListeners(0);
  const ended = new Promise<void>((resolve) => void client.once("close", resolve));
  client.on("error", (error) => log.debug({ err: error }, "MQTT broker connection failed"));
  client.handleMessage = ({ topic, payload, retain }: IPublishPacket, done) => {
    // A retained message is not current: a broker would deliver it again at each connection of this server.
    if (retain) return done();
    // Back-pressure: while a message is being handled the client reads no further, and in the end the broker sends no
    // more.
    Promise.resolve(take(topic, payload as Buffer)).then(
      () => done(),
      () => done(),
    );
  };
  try {
    const connack = await connected(client);
    const share = supportsSharing(version, connack) ? shareName : undefined;
    const subscription = await subscribe(client, filters, share);
    return link(client, { version, ended, window: windowOf(client, connack, ended), ...subscription });
  } catch (error) {
    client.end(true);
    throw error;
  }
}

function connected(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new Error("the broker closed the connection")));
    client.connect();
    // Without TCP_NODELAY each QoS 1 exchange waits for a delayed acknowledgement.
    (client.stream as Partial<Socket>).setNoDelay?.(true);
  });
}

function supportsSharing(version: 4 | 5, { properties }: IConnackPacket): boolean {
  // A broker of 3.1.1 without shared subscriptions would take `$share/…` for an ordinary topic, to which no device
  // publishes.
  return version === 5 && Number(properties?.sharedSubscriptionAvailable ?? 1) !== 0;
}

async function subscribe(
  client: MqttClient,
  plain: readonly string[],
  share: string | undefined,
): Promise<{ filters: string[]; shared: boolean }> {
  if (share !== undefined) {
    const filters = plain.map((filter) => `$share/${share}/${filter}`);
    try {
      await client.subscribeAsync(filters, { qos: 1 });
      return { filters, shared: true };
    } catch (error) {
      if (!client.connected) throw error;
      await client.unsubscribeAsync(filters);
    }
  }
  await client.subscribeAsync([...plain], { qos: 1 });
  return { filters: [...plain], shared: false };
}

function windowOf(client: MqttClient, { properties }: IConnackPacket, ended: Promise<void>): PublishWindow {
  const window = new PublishWindow({ size: Math.min(properties?.receiveMaximum ?? receiveMaximum, receiveMaximum) });
  void ended.then(() => window.close(new Error("the connection to the broker was lost")));
  return window;
}

interface Opened {
  version: 4 | 5;
  shared: boolean;
  filters: string[];
  window: PublishWindow;
  ended: Promise<void>;
}

function expiring(messageExpiryInterval: number | undefined) {
  return messageExpiryInterval === undefined ? {} : { properties: { messageExpiryInterval } };
}

function link(client: MqttClient, { version, shared, filters, window, ended }: Opened): BrokerLink {
  return {
    version,
    shared,
    ended,
    publish: (topic, payload, lifeSeconds) =>
      window.run(() => client.publishAsync(topic, payload, { qos: 1, ...(version === 5 && expiring(lifeSeconds)) })),
    unsubscribe: async () => void (await Promise.race([client.unsubscribeAsync(filters), ended])),
    close: async () => {
      client.end(false);
      const answered = new AbortController();
      await Promise.race([ended, pause(disconnectTimeoutMs, answered.signal)]);
      answered.abort();
      client.stream.destroy();
      await ended;
    },
  };
}
