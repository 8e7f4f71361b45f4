import type { Config } from "../config.ts";
import type { Logger } from "../platform/log.ts";
import { type AuthenticationDeps, authenticateTerminal } from "../terminals/credentials.ts";
import { openEmbeddedBroker } from "./embedded-broker.ts";
import { connectOutsideBroker } from "./outside-broker.ts";
import type { DeviceTransport, Left, Receive } from "./transport.ts";

interface TransportOptions extends AuthenticationDeps {
  config: Config;
  log: Logger;
  receive: Receive;
  left: Left;
}

/** The broker that the configuration names: the embedded one, or an outside one. */
export function openTransport({
  config,
  log,
  receive,
  left,
  ...authentication
}: TransportOptions): Promise<DeviceTransport> {
  if (config.mqtt.outsideUrl !== undefined) return connectOutsideBroker({ url: config.mqtt.outsideUrl, log, receive });
  return openEmbeddedBroker({
    host: config.http.host,
    shownHost: shownHost(config),
    port: config.mqtt.port,
    log,
    receive,
    left,
    authenticate: async (username, password) =>
      (await authenticateTerminal(authentication, username, password))?.credentialId,
  });
}

/** The host that terminals are told to connect to: an address that means "all of them" is no address to call. */
function shownHost({ http, publicUrl }: Config): string {
  if (publicUrl !== undefined) return new URL(publicUrl).hostname;
  if (["0.0.0.0", "::"].includes(http.host)) return "127.0.0.1";
  return http.host.includes(":") ? `[${http.host}]` : http.host;
}
