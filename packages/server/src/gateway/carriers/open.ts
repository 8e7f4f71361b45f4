import type { Config } from "../../config/config.ts";
import type { Db } from "../../db/db.ts";
import {
  type AuthenticationDeps,
  authenticateTerminal,
  listLiveCredentials,
} from "../../enrolment/issue-credential.ts";
import type { Clock } from "../../platform/clock.ts";
import { readConfigured } from "../../platform/folders/configured-file.ts";
import type { Logger } from "../../platform/log/log.ts";
import { openEmbeddedBroker } from "./embedded/broker.ts";
import type { BrokerAccess, BrokerAddress } from "./outside/access/access.ts";
import { askingBroker } from "./outside/access/asking.ts";
import { readBrokerKey } from "./outside/access/jwt/broker-key.ts";
import { jwtAccess } from "./outside/access/jwt/jwt.ts";
import { mosquittoAccess } from "./outside/access/mosquitto/mosquitto.ts";
import { connectOutsideBroker } from "./outside/broker.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface TransportOptions extends AuthenticationDeps {
  config: Config;
  db: Db;
  clock: Clock;
  log: Logger;
  receive: Receive;
}

/** The broker that the configuration names: the embedded one, or an outside one. */
export function openTransport(options: TransportOptions): Promise<DeviceTransport> {
  const { outsideUrl } = options.config.mqtt;
  return outsideUrl === undefined ? openEmbedded(options) : openOutside(options, outsideUrl);
}

async function openEmbedded({ config, log, receive, ...authentication }: TransportOptions): Promise<DeviceTransport> {
  const { tls, port, publicUrl } = config.mqtt;
  return openEmbeddedBroker({
    host: config.http.host,
    shownHost: shownHost(config),
    publicUrl,
    tls: tls && {
      cert: readConfigured("TILLKEEPER_MQTT_CERT_FILE", tls.certFile),
      key: readConfigured("TILLKEEPER_MQTT_KEY_FILE", tls.keyFile),
    },
    port,
    log,
    receive,
    authenticate: (username, password) => authenticateTerminal(authentication, username, password),
  });
}

async function openOutside(
  { config, db, clock, log, receive }: TransportOptions,
  url: string,
): Promise<DeviceTransport> {
  const { caFile, publicUrl, access } = config.mqtt;
  const ca = caFile === undefined ? undefined : readConfigured("TILLKEEPER_MQTT_CA_FILE", caFile);
  return connectOutsideBroker({
    url,
    ca,
    publicUrl,
    log,
    receive,
    access: accessTo({ url, ca }, { config, db, clock }),
    asksUs: access === "http",
  });
}

function accessTo(
  address: BrokerAddress,
  { config: { mqtt }, db, clock }: Pick<TransportOptions, "config" | "db" | "clock">,
): BrokerAccess {
  if (mqtt.access === "mosquitto") {
    return mosquittoAccess({ ...address, secret: mqtt.brokerSecret ?? "", live: () => listLiveCredentials(db) });
  }
  if (mqtt.access === "jwt") {
    const key = readBrokerKey(mqtt.keyFile ?? "");
    return jwtAccess({ ...address, key, secret: mqtt.brokerSecret ?? "", clock });
  }
  return askingBroker(address, { asks: mqtt.access === "http" });
}

/** The host that terminals are told to connect to: an address that means "all of them" is no address to call. */
function shownHost({ http, publicUrl }: Config): string {
  if (publicUrl !== undefined) return new URL(publicUrl).hostname;
  if (["0.0.0.0", "::"].includes(http.host)) return "127.0.0.1";
  return http.host.includes(":") ? `[${http.host}]` : http.host;
}
