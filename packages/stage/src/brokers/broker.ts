import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "@tillkeeper/server/config/config";
import type { Certificate } from "./certificates.ts";

/** A broker in a process of its own, set up by the files that we give to operators. */
export interface TestBroker {
  kind: string;
  /** What a server on it is configured with. */
  mqtt: Config["mqtt"];
  /** What operators would do as the server's user: everything is open to it. */
  ownUrl: string;
  /** Starts it, also again; `httpUrl` is where it can ask the server. */
  start(httpUrl: string): Promise<void>;
  /** As a crash. */
  kill(): Promise<void>;
  /** Stands still, its connections with it, until it may go on. */
  hold(held: boolean): void;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** With it a server and terminals are told to come with TLS. */
  tls?: Certificate | undefined;
}

/** A broker with rules of the operator's own: it knows nothing of the server, and the server nothing of it. */
export interface BrokerWithUsers {
  /** As the servers' user. */
  url: string;
  /** What the operator does with a credential. Soon after, the broker knows it. */
  letIn(address: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

/** Where the files for operators are. */
export const deploy = fileURLToPath(new URL("../../../../deploy/brokers/", import.meta.url));

/** A configuration file for operators, with the places of this machine in it. Each must be in there. */
export function deployed(file: string, places: Record<string, string>): string {
  let text = readFileSync(join(deploy, file), "utf8");
  for (const [place, here] of Object.entries(places)) {
    if (!text.includes(place)) throw new Error(`${file} has no ${place}`);
    text = text.replaceAll(place, here);
  }
  return text;
}
