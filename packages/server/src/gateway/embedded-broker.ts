import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { limits } from "@tillkeeper/contract/limits";
import { topic } from "@tillkeeper/contract/mqtt";
import { listen, type Port } from "../platform/listen.ts";
import type { Logger } from "../platform/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import { Admission, type Authenticate } from "./admission.ts";
import { Connections } from "./connections.ts";
import { FairShare, mostWaitingAtBroker } from "./fair-share.ts";
import { Flooders } from "./floods.ts";
import { type Allowance, usualAllowance } from "./mqtt/budget.ts";
import { Link } from "./mqtt/link.ts";
import { terminalRules } from "./mqtt/terminal-rules.ts";
import { Takeovers } from "./takeovers.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

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
  /** What each connection may do before it counts as a flood. */
  allowance?: Allowance;
}

const handshakeTimeoutMs = 10_000;
/** Finds out that the other end of a silent connection has gone, whatever keepalive it asked for. */
const tcpKeepAliveDelayMs = 30_000;
/** Without TCP_NODELAY each QoS 1 exchange waits for a delayed acknowledgement (some 40 ms). */
const socketSettings = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveDelayMs };

/** The MQTT broker inside this process: each terminal sees its own topics and nothing else. */
export async function openEmbeddedBroker(options: BrokerOptions): Promise<DeviceTransport> {
  const { log, allowance = usualAllowance } = options;
  const connections = new Connections(limits.mqttConnectionsPerTerminal, new Takeovers(log));
  const admission = new Admission(connections, options.authenticate);
  const share = new FairShare({ mostWaiting: mostWaitingAtBroker, receive: options.receive });
  const flooders = new Flooders(log);
  const sendAway = (address: string) => {
    admission.replaced(address);
    share.drop(address);
  };
  /** Also of those who have not said yet who they are. */
  const links = new Set<Link>();
  const closed = (link: Link) => links.delete(link);
  const rules = terminalRules({ admission, connections, receive: share.receive, flooders, allowance, log, closed });
  const take = (socket: Socket) => void links.add(new Link(socket, rules));
  const server = openServer(options, take);
  const port = await listen(server, options.host, options.port, "TILLKEEPER_MQTT_PORT");
  const shownUrl = `${options.tls ? "mqtts" : "mqtt"}://${options.shownHost}:${port}`;
  const loopback = options.tls && (await openLoopback(take));

  return {
    url: () => options.publicUrl ?? shownUrl,
    inside: () => ({ url: loopback?.url ?? shownUrl }),
    healthy: () => server.listening,
    async publish(address, channel, message) {
      const to = topic(address, channel);
      const payload = Buffer.from(JSON.stringify(message));
      // There is nobody else whom it could concern.
      await Promise.all(
        connections.of(address).map((link) => {
          const qos = link.qosOf(channel);
          return qos === undefined ? Promise.resolve() : link.send(to, payload, qos);
        }),
      );
    },
    admit: async ({ address, password, former }) => {
      if (former !== undefined) sendAway(former);
      return { username: address, password, clientId: address };
    },
    // It keeps no list: whoever comes is asked for the credential that holds then.
    withdraw: async () => {},
    // Whoever is connected is looked after by the check of credentials.
    lapse: async () => {},
    disconnect: sendAway,
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

/** For the virtual terminals of this server: the certificate is for the name that others call it by. */
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
