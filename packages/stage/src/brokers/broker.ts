import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "@tillkeeper/server/config/config";
import type { Certificate } from "./certificates.ts";

/** A broker in a process of its own, configured by the files in `deploy/brokers`, which operators get. */
export interface TestBroker {
  kind: string;
  /** The MQTT configuration of a server that uses this broker. */
  mqtt: Config["mqtt"];
  /** The broker's URL with the server's user, who may publish and subscribe to every topic. */
  ownUrl: string;
  /**
   * Starts the broker; after a stop or kill, starts it again. `httpUrl` is the server's address for the broker's own
   * requests.
   */
  start(httpUrl: string): Promise<void>;
  /** Kills the process, as in a crash. */
  kill(): Promise<void>;
  /** `true` suspends the process, and its connections stay open; `false` resumes it. */
  hold(held: boolean): void;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** The certificate of the broker. When present, the server and the terminals connect with TLS. */
  tls?: Certificate | undefined;
}

/** A broker with the operator's own access rules: it does not ask the server, and the server does not configure it. */
export interface BrokerWithUsers {
  /** The broker's URL with the user name and password of the servers. */
  url: string;
  /** Adds a device's credential to the broker, as the operator does. The broker applies it a moment later. */
  letIn(address: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

/** The folder of the configuration files that operators get. */
export const deploy = fileURLToPath(new URL("../../../../deploy/brokers/", import.meta.url));

/**
 * Returns a configuration file for operators, with each of the `places` replaced by a path or address of this
 * machine. Throws when the file lacks one of them.
 */
export function deployed(file: string, places: Record<string, string>): string {
  let text = readFileSync(join(deploy, file), "utf8");
  for (const [place, here] of Object.entries(places)) {
    if (!text.includes(place)) throw new Error(`${file} has no ${place}`);
    text = text.replaceAll(place, here);
  }
  return text;
}
