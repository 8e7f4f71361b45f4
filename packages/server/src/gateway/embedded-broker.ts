import { createServer, type Server, type Socket } from "node:net";
import { limits } from "@tillkeeper/contract/limits";
import { clientIdBelongsTo, parseTopic, terminalTopicPrefix, topic, upChannels } from "@tillkeeper/contract/mqtt";
import { Aedes, type AuthenticateError, type Client } from "aedes";
import { listen, type Port } from "../platform/listen.ts";
import type { Logger } from "../platform/log.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface BrokerOptions {
  host: string;
  /** As terminals are told, brackets included. */
  shownHost: string;
  port: Port;
  log: Logger;
  /** Answers whether this is the credential of a live terminal. */
  authenticate: (username: string | undefined, password: Buffer | undefined) => Promise<boolean>;
  receive: Receive;
}

/** MQTT 3.1.1 return codes of a refused connection. */
const unavailableCode = 3;
const badCredentialsCode = 4;
const connectTimeoutMs = 10_000;

/** The MQTT broker inside this process: each terminal sees its own topics and nothing else. */
export async function openEmbeddedBroker(options: BrokerOptions): Promise<DeviceTransport> {
  const { log } = options;
  const broker = await Aedes.createBroker({ connectTimeout: connectTimeoutMs, maxClientsIdLength: 128 });
  authorize(broker, options);
  deliver(broker, options.receive);
  broker.on("clientError", (client, error) =>
    log.debug({ err: error, client: client.id }, "terminal connection failed"),
  );
  broker.on("connectionError", (_client, error) =>
    log.debug({ err: error }, "connection failed before it was a terminal"),
  );

  // Without TCP_NODELAY each QoS 1 exchange waits for a delayed acknowledgement (some 40 ms).
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    limitPacketSize(broker.handle(socket), socket);
  });
  const port = await listen(server, options.host, options.port, "TILLKEEPER_MQTT_PORT");

  return {
    url: () => `mqtt://${options.shownHost}:${port}`,
    healthy: () => server.listening,
    publish: (terminalId, channel, message) =>
      new Promise((resolve, reject) => {
        const packet = { cmd: "publish", topic: topic(terminalId, channel), payload: JSON.stringify(message) } as const;
        broker.publish({ ...packet, qos: 1, retain: false, dup: false }, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    disconnect: (terminalId) => {
      for (const client of connected(broker)) if (terminalOf(client) === terminalId) client.close();
    },
    connected: (terminalId) => connected(broker).some((client) => terminalOf(client) === terminalId),
    close: () => closeAll(broker, server, sockets),
  };
}

/** The terminal that a connection has proved to be. */
const terminals = new WeakMap<Client, string>();
const terminalOf = (client: Client): string | undefined => terminals.get(client);

function authorize(broker: Aedes, { authenticate, log }: BrokerOptions): void {
  broker.authenticate = (client, username, password, done) => {
    const refuse = (code: number) => {
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the package declares the enum but exports no values
      const error: AuthenticateError = Object.assign(new Error("refused"), { returnCode: code });
      done(error, false);
    };
    // A broker ends the older of two connections with one client id: nobody may use another terminal's.
    if (!username || !clientIdBelongsTo(client.id, username)) return refuse(badCredentialsCode);
    authenticate(username, password).then(
      (known) => {
        if (!known) return refuse(badCredentialsCode);
        terminals.set(client, username);
        return done(null, true);
      },
      (error: unknown) => {
        log.warn({ err: error, terminal_id: username }, "a terminal could not be authenticated");
        refuse(unavailableCode);
      },
    );
  };

  broker.authorizePublish = (client, packet, done) => {
    const terminalId = client && terminalOf(client);
    const to = parseTopic(packet.topic);
    const own = to && to.terminalId === terminalId && upChannels.some((channel) => channel === to.channel);
    if (!own) return done(new Error(`not allowed to publish to ${packet.topic}`));
    // Nothing is kept by the broker: a retained report would be reported again by whoever restarts.
    packet.retain = false;
    return done(null);
  };

  broker.authorizeSubscribe = (client, subscription, done) => {
    const terminalId = terminalOf(client);
    const own = terminalId !== undefined && subscription.topic.startsWith(terminalTopicPrefix(terminalId));
    return done(null, own ? subscription : null);
  };
}

function deliver(broker: Aedes, receive: Receive): void {
  // A client's packets of one chunk are handled side by side, its next chunk only then: it cannot outrun the database far.
  broker.published = (packet, client, done) => {
    const from = client && terminalOf(client);
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

function connected(broker: Aedes): Client[] {
  return Object.values((broker as unknown as { clients: Record<string, Client> }).clients);
}

async function closeAll(broker: Aedes, server: Server, sockets: Set<Socket>): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await stopped;
}
