import type { Config } from "../config.ts";
import type { Db } from "../db/db.ts";
import type { Logger } from "../platform/log.ts";
import { authenticateTerminal } from "../terminals/credentials.ts";
import { openEmbeddedBroker } from "./embedded-broker.ts";
import { connectOutsideBroker } from "./outside-broker.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface TransportOptions {
  config: Config;
  db: Db;
  log: Logger;
  receive: Receive;
}

/** The broker that the configuration names: the embedded one, or an outside one. */
export function openTransport({ config, db, log, receive }: TransportOptions): Promise<DeviceTransport> {
  if (config.mqtt.outsideUrl !== undefined) return connectOutsideBroker({ url: config.mqtt.outsideUrl, log, receive });
  return openEmbeddedBroker({
    host: config.http.host,
    port: config.mqtt.port,
    log,
    receive,
    authenticate: async (username, password) => (await authenticateTerminal(db, username, password)) !== undefined,
  });
}
