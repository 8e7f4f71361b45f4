import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { limits } from "@tillkeeper/contract/limits";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import { listen, type Port } from "../../../platform/listen.ts";
import type { Logger } from "../../../platform/log/log.ts";
import { StartupError } from "../../../platform/startup-error.ts";
import { FairShare, mostWaitingAtBroker } from "../fair-share.ts";
import { Flooders } from "../floods.ts";
import type { DeviceTransport } from "../transport.ts";
import { Connections } from "./connections.ts";
import { type Authenticate, Entrance } from "./entrance.ts";
import { type Allowance, usualAllowance } from "./mqtt/budget.ts";
import { Link } from "./mqtt/link.ts";
import { terminalRules } from "./mqtt/terminal-rules.ts";
import { Takeovers } from "./takeovers.ts";

interface BrokerOptions {
  host: string;
  /** The host in the URL that terminals are given, an IPv6 address in brackets. */
  shownHost: string;
  /** The URL that terminals are given, if it differs from the address that is listened on. */
  publicUrl?: string | undefined;
  /** PEM texts. With them the broker accepts TLS connections only. */
  tls?: { cert: string; key: string } | undefined;
  port: Port;
  log: Logger;
  authenticate: Authenticate;
  /** What each connection may send before it counts as a flood. */
  allowance?: Allowance;
}

const handshakeTimeoutMs = 10_000;
/** TCP keepalive finds dead peers of silent connections, independent of the MQTT keepalive that they asked for. */
const tcpKeepAliveDelayMs = 30_000;
/** Without TCP_NODELAY each QoS 1 exchange waits for a delayed acknowledgement (some 40 ms). */
const socketSettings = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveDelayMs };

/**
 * Makes the MQTT broker inside this process (ADR 20): each terminal may use its own topics only. Throws `StartupError`
 * when the certificate is not usable; `listen` throws it when the port is taken.
 */
export function createEmbeddedBroker(options: BrokerOptions): DeviceTransport {
  const { log, allowance = usualAllowance } = options;
  const connections = new Connections(limits.mqttConnectionsPerTerminal, new Takeovers(log));
  const entrance = new Entrance(connections, options.authenticate);
  const share = new FairShare({ mostWaiting: mostWaitingAtBroker });
  const flooders = new Flooders(log);
  const endConnections = (address: string) => {
    entrance.replaced(address);
    share.drop(address);
  };
  /** All connections, also before they have authenticated. */
  const links = new Set<Link>();
  const closed = (link: Link) => links.delete(link);
  const rules = terminalRules({ entrance, connections, receive: share.receive, flooders, allowance, log, closed });
  const take = (socket: Socket) => void links.add(new Link(socket, rules));
  const server = openServer(options, take);
  let shownUrl = "";
  let loopback: { server: Server; url: string } | undefined;

  return {
    async listen(receive) {
      share.start(receive);
      const port = await listen(server, options.host, options.port, "TILLKEEPER_MQTT_PORT");
      shownUrl = `${options.tls ? "mqtts" : "mqtt"}://${options.shownHost}:${port}`;
      loopback = options.tls && (await openLoopback(take));
    },
    url: () => options.publicUrl ?? shownUrl,
    inside: () => ({ url: loopback?.url ?? shownUrl }),
    healthy: () => server.listening,
    async publish(address, channel, message) {
      const to = topic(address, channel);
      const payload = Buffer.from(JSON.stringify(message));
      // Only connections of this address may subscribe to its topics.
      await Promise.all(
        connections.of(address).map((link) => {
          const qos = link.qosOf(channel);
          return qos === undefined ? Promise.resolve() : link.send(to, payload, qos);
        }),
      );
    },
    admit: async ({ address, password, former }) => {
      if (former !== undefined) endConnections(former);
      return { username: address, password, clientId: address };
    },
    // Nothing to take back: the broker keeps no list of credentials, and checks each CONNECT against the database.
    withdraw: async () => {},
    // Nothing to do: `credentialWorker` ends connections whose tokens are over.
    lapse: async () => {},
    disconnect: endConnections,
    hears: (terminalId) => connections.hears(terminalId),
    listening: () => connections.listening(),
    connections: () =>
      connections
        .all()
        .map(({ link, address, endsAt }) => ({ address, ...(endsAt && { endsAt }), end: () => link.end() })),
    close: () => {
      connections.close();
      share.close();
      return closeAll(loopback ? [server, loopback.server] : [server], links);
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
  const server = createTlsServer({ ...socketSettings, ...tls, handshakeTimeout: handshakeTimeoutMs }, take);
  server.on("tlsClientError", (error) => log.debug({ err: error }, "a connection failed before it was encrypted"));
  return server;
}

/**
 * A listener without TLS for the virtual terminals of this server: the certificate is issued for the public name, not
 * for the loopback address.
 */
async function openLoopback(take: (socket: Socket) => void): Promise<{ server: Server; url: string }> {
  const server = createServer(socketSettings, take);
  const port = await listen(server, "127.0.0.1", { number: 0, configured: true }, "TILLKEEPER_MQTT_PORT");
  return { server, url: `mqtt://127.0.0.1:${port}` };
}

async function closeAll(servers: Server[], links: Set<Link>): Promise<void> {
  const stopped = Promise.all(
    servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
  );
  for (const { socket } of links) socket.destroy();
  await stopped;
}
