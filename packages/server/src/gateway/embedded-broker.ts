import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { limits } from "@tillkeeper/contract/limits";
import { clientIdBelongsTo, parseTopic, topic, upChannels } from "@tillkeeper/contract/mqtt";
import { Aedes, type AuthenticateError, type Client, type ConnectPacket } from "aedes";
import { mayPublish, maySubscribe } from "../broker-access/topic-rules.ts";
import { listen, type Port } from "../platform/listen.ts";
import type { Logger } from "../platform/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import { Admission, type Authenticate } from "./admission.ts";
import { Connections } from "./connections.ts";
import { fairShare } from "./fair-share.ts";
import type { DeviceTransport, Left, Receive } from "./transport.ts";

interface BrokerOptions {
  host: string;
  /** As terminals are told, brackets included. */
  shownHost: string;
  /** Where terminals are told to connect, if that is elsewhere. */
  publicUrl?: string | undefined;
  /** PEM texts; with them it listens with TLS alone. */
  tls?: { cert: string; key: string } | undefined;
  port: Port;
  log: Logger;
  authenticate: Authenticate;
  receive: Receive;
  left: Left;
}

/** MQTT 3.1.1 return codes of a refused connection. */
const badClientIdCode = 2;
const unavailableCode = 3;
const badCredentialsCode = 4;
const connectTimeoutMs = 10_000;
/** How long a terminal may leave unread what it was sent. */
const drainTimeoutMs = 2_000;
/** Finds out that the other end of a silent connection has gone, whatever keepalive it asked for. */
const tcpKeepAliveDelayMs = 30_000;
/** Without TCP_NODELAY each QoS 1 exchange waits for a delayed acknowledgement (some 40 ms). */
const socketSettings = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveDelayMs };
const messagesAtOncePerTerminal = 4;

const brokerSettings = {
  connectTimeout: connectTimeoutMs,
  drainTimeout: drainTimeoutMs,
  // No limit: with one, so many messages that wait for terminals that do not read would hold up everybody's.
  concurrency: 0,
};

/** The MQTT broker inside this process: each terminal sees its own topics and nothing else. */
export async function openEmbeddedBroker(options: BrokerOptions): Promise<DeviceTransport> {
  const { log } = options;
  const broker = await Aedes.createBroker(brokerSettings);
  const connections = new Connections(limits.mqttConnectionsPerTerminal, options.left);
  const admission = new Admission(connections, options.authenticate);
  admit(broker, admission, log);
  authorize(broker, connections);
  deliver(broker, connections, fairShare(messagesAtOncePerTerminal, options.receive));
  follow(broker, connections);
  broker.on("clientError", (client, error) =>
    log.debug({ err: error, client: client.id }, "terminal connection failed"),
  );
  broker.on("connectionError", (_client, error) =>
    log.debug({ err: error }, "connection failed before it was a terminal"),
  );

  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    limitPacketSize(broker.handle(socket), socket);
  };
  const server = openServer(options, take);
  const port = await listen(server, options.host, options.port, "TILLKEEPER_MQTT_PORT");
  const shownUrl = `${options.tls ? "mqtts" : "mqtt"}://${options.shownHost}:${port}`;
  const loopback = options.tls && (await openLoopback(take));

  return {
    url: () => options.publicUrl ?? shownUrl,
    inside: () => ({ url: loopback?.url ?? shownUrl }),
    healthy: () => server.listening,
    publish: (terminalId, channel, message) =>
      new Promise((resolve, reject) => {
        // What was being handled when the end came has nobody left to be told.
        if (broker.closed) return resolve();
        const packet = { cmd: "publish", topic: topic(terminalId, channel), payload: JSON.stringify(message) } as const;
        return broker.publish({ ...packet, qos: 1, retain: false, dup: false }, (error) =>
          error && !broker.closed ? reject(error) : resolve(),
        );
      }),
    admit: async ({ terminalId, password, former }) => {
      if (former === "ends") admission.replaced(terminalId);
      return { username: terminalId, password, clientId: terminalId };
    },
    // It keeps no list: whoever comes is asked for the credential that holds then.
    withdraw: async () => {},
    // Whoever is connected is looked after by the check of credentials.
    lapse: async () => {},
    disconnect: (terminalId) => admission.replaced(terminalId),
    hears: (terminalId) => connections.hears(terminalId),
    listening: () => connections.listening(),
    connections: () => connections.all().map(({ client, ...known }) => ({ ...known, end: () => client.close() })),
    close: () => {
      connections.close();
      return closeAll(broker, loopback ? [server, loopback.server] : [server], sockets);
    },
  };
}

function openServer({ tls, log }: BrokerOptions, take: (socket: Socket) => void): Server {
  if (!tls) return createServer(socketSettings, take);
  try {
    createSecureContext(tls);
  } catch (error) {
    const files = "TILLKEEPER_MQTT_CERT_FILE and TILLKEEPER_MQTT_KEY_FILE";
    throw new StartupError(`${files} do not hold a certificate and its key: ${(error as Error).message}.`);
  }
  const server = createTlsServer({ ...socketSettings, ...tls, handshakeTimeout: connectTimeoutMs }, take);
  server.on("tlsClientError", (error) => log.debug({ err: error }, "a connection failed before it was encrypted"));
  return server;
}

/** For the virtual terminals of this server: the certificate is for the name that others call it by. */
async function openLoopback(take: (socket: Socket) => void): Promise<{ server: Server; url: string }> {
  const server = createServer(socketSettings, take);
  const port = await listen(server, "127.0.0.1", { number: 0, configured: true }, "TILLKEEPER_MQTT_PORT");
  return { server, url: `mqtt://127.0.0.1:${port}` };
}

function admit(broker: Aedes, admission: Admission, log: Logger): void {
  broker.preConnect = (_client, packet, done) => {
    // What the broker keeps for those who are away, it keeps in memory and for good. `hello` does without both.
    packet.clean = true;
    const { will } = packet;
    if (will && !isOwnFarewell(packet.username, will)) delete packet.will;
    if (packet.will) packet.will.retain = false;
    done(null, true);
  };

  broker.authenticate = (client, username, password, done) => {
    const refuse = (code: number) => {
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the package declares the enum but exports no values
      const error: AuthenticateError = Object.assign(new Error("refused"), { returnCode: code });
      done(error, false);
    };
    if (client.id.length > limits.mqttClientIdCharacters) return refuse(badClientIdCode);
    // A newer connection ends an older one with its client id: nobody may use another terminal's.
    if (!username || !clientIdBelongsTo(client.id, username)) return refuse(badCredentialsCode);
    admission.admit(client, username, password).then(
      (admitted) => (admitted ? done(null, true) : refuse(badCredentialsCode)),
      (error: unknown) => {
        log.warn({ err: error, terminal_id: username }, "a terminal could not be authenticated");
        refuse(unavailableCode);
      },
    );
  };
}

const longestWillBytes = 1_024;

/** The one will that a terminal may leave: that its link is lost. What else it leaves is ignored. */
function isOwnFarewell(
  username: string | undefined,
  { topic: to, payload, qos }: ConnectPacket["will"] & object,
): boolean {
  if (username === undefined || to !== topic(username, "gone")) return false;
  return Buffer.byteLength(payload) <= longestWillBytes && qos !== 2;
}

function authorize(broker: Aedes, connections: Connections): void {
  broker.authorizePublish = (client, packet, done) => {
    const terminalId = client && connections.terminalOf(client);
    const own = terminalId && mayPublish(terminalId, packet.topic);
    if (!own) return done(new Error(`not allowed to publish to ${packet.topic}`));
    // A will: whoever has sent the connection away knows that it is gone.
    if (parseTopic(packet.topic)?.channel === "gone" && client && connections.endsQuietly(client))
      return done(new Error("nobody has gone"));
    // The broker would have to keep each until it is released, which may be never.
    if (packet.qos === 2) return done(new Error("not allowed to publish with QoS 2"));
    // Nothing is kept by the broker: a retained report would be reported again by whoever restarts.
    packet.retain = false;
    return done(null);
  };

  broker.authorizeSubscribe = (client, subscription, done) => {
    const terminalId = connections.terminalOf(client);
    const own = terminalId !== undefined && maySubscribe(terminalId, subscription.topic);
    return done(null, own ? subscription : null);
  };

  // Wildcards cover what a terminal says itself, which is for the server. It would be a way to fill one's own connections.
  broker.authorizeForward = (_client, packet) => {
    const to = parseTopic(packet.topic);
    return to && isUp(to.channel) ? null : packet;
  };
}

function isUp(name: string): boolean {
  return upChannels.some((channel) => channel === name);
}

function deliver(broker: Aedes, connections: Connections, receive: Receive): void {
  // A connection's packets of one chunk are handed over together, its next chunk only then: it cannot outrun the database far.
  broker.published = (packet, client, done) => {
    const from = client && connections.terminalOf(client);
    const to = from && parseTopic(packet.topic);
    const channel = to && upChannels.find((name) => name === to.channel);
    if (!from || !channel) return done(null);
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    receive(from, channel, payload).then(
      () => done(null),
      () => done(null),
    );
  };
}

const refusedQos = 128;

function follow(broker: Aedes, connections: Connections): void {
  broker.on("subscribe", (subscriptions, client) => {
    const granted = subscriptions.filter(({ qos }) => (qos as number) !== refusedQos);
    connections.subscribed(
      client,
      granted.map((subscription) => subscription.topic),
    );
  });
  broker.on("unsubscribe", (filters, client) => connections.unsubscribed(client, filters));
  broker.on("client", (client) => {
    // One that went away while it was let in is entered into the broker's table after its end, and would stay there.
    if (client.closed) (broker as unknown as { deleteClient(id: string): void }).deleteClient(client.id);
  });
}

/**
 * The parser would buffer up to the 256 MB that MQTT allows, before anyone has said who they are. It shows the announced
 * length of the packet it is reading; what is too long ends the connection there.
 */
function limitPacketSize(client: Client, socket: Socket): void {
  const { _parser: parser } = client as unknown as {
    _parser: { packet?: { length?: number }; parse(chunk: Buffer): number };
  };
  const parse = parser.parse.bind(parser);
  parser.parse = (chunk) => {
    const rest = parse(chunk);
    if ((parser.packet?.length ?? 0) > limits.mqttPacketBytes) socket.destroy();
    return rest;
  };
}

async function closeAll(broker: Aedes, servers: Server[], sockets: Set<Socket>): Promise<void> {
  const stopped = Promise.all(
    servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
  );
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await stopped;
}
