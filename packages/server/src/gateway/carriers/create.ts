import type { Config } from "../../config/config.ts";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { readConfigured } from "../../platform/folders/configured-file.ts";
import type { Logger } from "../../platform/log/log.ts";
import type { Patience } from "../../platform/patience.ts";
import { type AuthenticationDeps, authenticateTerminal } from "../../terminals/credentials/authenticate.ts";
import { listLiveCredentials } from "../../terminals/credentials/list-live.ts";
import { createEmbeddedBroker } from "./embedded/broker.ts";
import type { BrokerAccess, BrokerAddress } from "./outside/access/access.ts";
import { askingAccess } from "./outside/access/asking.ts";
import { readBrokerKey } from "./outside/access/jwt/broker-key.ts";
import { jwtAccess } from "./outside/access/jwt/jwt.ts";
import { mosquittoAccess } from "./outside/access/mosquitto/mosquitto.ts";
import { createOutsideBroker } from "./outside/broker.ts";
import type { DeviceTransport } from "./transport.ts";

interface TransportOptions extends AuthenticationDeps {
  config: Config;
  patience: Patience;
  db: Db;
  clock: Clock;
  log: Logger;
}

/** The broker that the configuration names, embedded or outside. Throws `StartupError` when a certificate cannot be read. */
export function createTransport(options: TransportOptions): DeviceTransport {
  const { outsideUrl } = options.config.mqtt;
  return outsideUrl === undefined ? embedded(options) : outside(options, outsideUrl);
}

function embedded({ config, log, ...authentication }: TransportOptions): DeviceTransport {
  const { tls, port, publicUrl } = config.mqtt;
  return createEmbeddedBroker({
    host: config.http.host,
    shownHost: shownHost(config),
    publicUrl,
    tls: tls && {
      cert: readConfigured("TILLKEEPER_MQTT_CERT_FILE", tls.certFile),
      key: readConfigured("TILLKEEPER_MQTT_KEY_FILE", tls.keyFile),
    },
    port,
    log,
    authenticate: (username, password) => authenticateTerminal(authentication, username, password),
  });
}

function outside({ config, db, clock, log, patience }: TransportOptions, url: string): DeviceTransport {
  const { caFile, publicUrl, access } = config.mqtt;
  const ca = caFile === undefined ? undefined : readConfigured("TILLKEEPER_MQTT_CA_FILE", caFile);
  return createOutsideBroker({
    url,
    ca,
    publicUrl,
    log,
    patience,
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
  return askingAccess(address, { asks: mqtt.access === "http" });
}

/** The host in the URL that terminals are given. An address that means "all interfaces" is none to connect to. */
function shownHost({ http, publicUrl }: Config): string {
  if (publicUrl !== undefined) return new URL(publicUrl).hostname;
  if (["0.0.0.0", "::"].includes(http.host)) return "127.0.0.1";
  return http.host.includes(":") ? `[${http.host}]` : http.host;
}
