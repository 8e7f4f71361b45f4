import type { ChildProcess } from "node:child_process";
import { openSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { launch, Service } from "./process.ts";

const program = resolve(import.meta.dirname, "../../../packages/cli/src/main.ts");

/** All servers stand behind one name, though not one that anybody could look up. */
const audienceHost = "tillkeeper.test";
export const audienceOf = (accountId: string): string => `https://${audienceHost}/v1/accounts/${accountId}`;

export interface ServerSettings {
  name: string;
  folder: string;
  databaseUrl: string;
  mqttUrl: string;
  bootstrapToken: string;
}

/** A server as an operator runs it: `tillkeeper serve` with an outside database and broker. */
export class Server {
  readonly name: string;
  readonly service: Service;
  /** Where it listens itself; undefined until it has said so. Another port with each start. */
  port: number | undefined;

  constructor(settings: ServerSettings) {
    const { name, folder } = settings;
    this.name = name;
    const log = openSync(join(folder, `${name}.log`), "a");
    this.service = new Service(name, () => {
      this.port = undefined;
      const child = launch(process.execPath, [program, "serve"], {
        env: environment(settings),
        stdio: ["ignore", "pipe", log],
      });
      this.#listenTo(child);
      return child;
    });
  }

  /** The one line that it prints says where it listens. */
  #listenTo(child: ChildProcess): void {
    if (!child.stdout) throw new Error(`${this.name} was started without a standard output`);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /http:\/\/\S+/.exec(line)?.[0];
      if (address) this.port = Number(new URL(address).port);
    });
    child.once("close", () => {
      this.port = undefined;
    });
  }
}

function environment({ name, folder, databaseUrl, mqttUrl, bootstrapToken }: ServerSettings) {
  return {
    PATH: process.env["PATH"],
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder, name),
    // By a heartbeat shows at the latest that the database went back.
    TILLKEEPER_HEARTBEAT_SECONDS: "5",
    TILLKEEPER_KEY_FILE: join(folder, "key"),
    TILLKEEPER_AUDIENCE_HOSTS: audienceHost,
    TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken,
    DATABASE_URL: databaseUrl,
    MQTT_URL: mqttUrl,
  };
}
