import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { connect, type IConnackPacket, type IPublishPacket, type MqttClient } from "mqtt";
import { shareOf } from "../broker-access/share.ts";
import type { Logger } from "../platform/log.ts";
import { pause } from "../platform/pause.ts";
import { PublishWindow } from "./publish-window.ts";

interface LinkOptions {
  url: string;
  /** In place of what the address says. */
  user?: { username: string; password: string; share?: string } | undefined;
  /** Certificates that are trusted in place of the system's. */
  ca?: string | undefined;
  /** What to subscribe to; shared with the other servers where the broker can. */
  filters: readonly string[];
  log: Logger;
  /** Takes a message. The next one is read when this resolves. */
  take: (topic: string, payload: Buffer) => Promise<void> | void;
  /** 5, or also 3.1.1 (4) for brokers that know no other. */
  versions: readonly (4 | 5)[];
}

/** One connection to an outside broker, from CONNECT to its end. */
export interface BrokerLink {
  version: 4 | 5;
  /** Each message goes to one of the servers, not to all. */
  shared: boolean;
  /**
   * Resolves with the broker's PUBACK. Rejects when the link ends before, and when too much waits already. What has waited
   * for `lifeSeconds` with a broker that knows MQTT 5 is thrown away there.
   */
  publish(topic: string, payload: string, lifeSeconds?: number): Promise<void>;
  /** Resolves when no new messages will come: the broker gives them to other servers from then on. */
  unsubscribe(): Promise<void>;
  /** Says goodbye, or just goes when the broker does not answer. */
  close(): Promise<void>;
  /** Resolves when the link has ended, for whatever reason. */
  ended: Promise<void>;
}

const connectTimeoutMs = 5_000;
const goodbyeMs = 1_000;
/** A server that vanishes without a word keeps getting its share of the messages for one and a half of these. */
const keepaliveSeconds = 10;
/** Messages that the broker may send before we have acknowledged the first of them. */
const receiveMaximum = 1_000;
const unsupportedVersion = 132;

/**
 * Connects once, as MQTT 5 if the broker speaks it, and subscribes. What fails is thrown. Nothing is kept for a next
 * link: what could not be sent is repeated by the outbox and by the agents.
 */
export async function openLink(options: LinkOptions): Promise<BrokerLink> {
  const [version, ...others] = options.versions;
  if (version === undefined) throw new Error("no version to try");
  try {
    return await openAs(version, options);
  } catch (error) {
    if (others.length === 0 || !mayBeTheVersion(error)) throw error;
    return openLink({ ...options, versions: others });
  }
}

/** Whether an older version may do: the network was there, and the broker did not name another reason. */
function mayBeTheVersion(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return false;
  return typeof code !== "number" || code < 128 || code === unsupportedVersion;
}

async function openAs(version: 4 | 5, { url, user, ca, filters, log, take }: LinkOptions): Promise<BrokerLink> {
  const address = new URL(url);
  const { share: shareName = shareOf(user?.password ?? address.password), ...login } = user ?? {};
  // What stands in an address counts more with the client than what is beside it.
  if (user) address.username = address.password = "";
  const client = connect(address.href, {
    protocolVersion: version,
    // All that brokers of 3.1.1 must accept is 23 letters and digits.
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
  // Every publish under way listens for the end.
  client.setMaxListeners(0);
  const ended = new Promise<void>((resolve) => void client.once("close", resolve));
  client.on("error", (error) => log.debug({ err: error }, "MQTT broker connection failed"));
  client.handleMessage = ({ topic, payload, retain }: IPublishPacket, done) => {
    // Was said at another time: whoever asked a broker to keep it would have it heard again at each of our connections.
    if (retain) return done();
    // One that takes its time holds up the reading, and with it, in the end, the broker.
    Promise.resolve(take(topic, payload as Buffer)).then(
      () => done(),
      () => done(),
    );
  };
  try {
    const greeting = await connected(client);
    const share = sharing(version, greeting) ? shareName : undefined;
    const subscription = await subscribe(client, filters, share);
    return link(client, { version, ended, window: windowOf(client, greeting, ended), ...subscription });
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
    // Without it each QoS 1 exchange waits for a delayed acknowledgement.
    (client.stream as Partial<Socket>).setNoDelay?.(true);
  });
}

function sharing(version: 4 | 5, { properties }: IConnackPacket): boolean {
  // A broker of 3.1.1 that cannot share would take the filter for a topic that nobody publishes to.
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
      await Promise.race([ended, pause(goodbyeMs, answered.signal)]);
      answered.abort();
      client.stream.destroy();
      await ended;
    },
  };
}
