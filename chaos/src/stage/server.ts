import { openSync } from "node:fs";
import { join } from "node:path";
import { Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { Service } from "./process.ts";

export interface ServerSettings {
  name: string;
  folder: string;
  databaseUrl: string;
  mqttUrl: string;
  bootstrapToken: string;
}

/** A server as operators run it: `tillkeeper serve` with an outside database and broker. */
export class Server {
  readonly name: string;
  readonly service: Service;
  /** HTTP port of the server itself; undefined until the server has printed it. Changes with each start. */
  port: number | undefined;

  constructor(settings: ServerSettings) {
    const { name, folder } = settings;
    this.name = name;
    const log = openSync(join(folder, `${name}.log`), "a");
    this.service = new Service(name, () => {
      this.port = undefined;
      const program = new Program([...tillkeeper, "serve"], {
        env: environment(settings),
        stdio: ["ignore", "pipe", log],
        group: true,
      });
      this.#readPort(program);
      return program;
    });
  }

  /** Reads the port from the line that the server prints when it listens. */
  #readPort(program: Program): void {
    const read = async () => {
      const [address] = await program.prints(/http:\/\/\S+(?=\s)/);
      if (program.running) this.port = Number(new URL(address).port);
    };
    read().catch(() => undefined);
    void program.ended.finally(() => {
      this.port = undefined;
    });
  }
}

function environment({ name, folder, databaseUrl, mqttUrl, bootstrapToken }: ServerSettings) {
  return {
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder, name),
    // The answer to a heartbeat shows an agent that the database went back, so heartbeats are frequent.
    TILLKEEPER_HEARTBEAT_SECONDS: "5",
    TILLKEEPER_KEY_FILE: join(folder, "key"),
    TILLKEEPER_FILES: join(folder, "files"),
    TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken,
    TILLKEEPER_WEBHOOK_ALLOW_PRIVATE: "true",
    DATABASE_URL: databaseUrl,
    MQTT_URL: mqttUrl,
  };
}
