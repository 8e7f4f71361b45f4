import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launchMosquitto, openToAll } from "@tillkeeper/stage/brokers/mosquitto";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { Service } from "./process.ts";

/** Mosquitto, as Debian packages it, on loopback. */
export class Broker {
  readonly service: Service;
  /** Changes with each start; undefined before the first. */
  port: number | undefined;

  constructor(folder: string) {
    this.service = new Service("broker", async () => {
      this.port = await freePort();
      const path = join(folder, "mosquitto.conf");
      writeFileSync(path, openToAll(this.port));
      return launchMosquitto(path);
    });
  }
}
