import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { launch, Service } from "./process.ts";

const mosquitto = "/usr/sbin/mosquitto";

/** Debian's Mosquitto on loopback, open to all, keeping nothing: whatever it has not passed on is lost with it. */
export class Broker {
  readonly service: Service;
  /** Another one with each start. */
  port: number | undefined;

  /** Throws when there is no Mosquitto on this machine. */
  constructor(folder: string) {
    if (!existsSync(mosquitto)) throw new Error(`${mosquitto} is missing: install Debian's package mosquitto`);
    this.service = new Service("broker", async () => {
      const port = await freePort();
      const path = join(folder, "mosquitto.conf");
      writeFileSync(
        path,
        `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\n`,
      );
      this.port = port;
      return launch(mosquitto, ["-c", path], { stdio: "ignore" });
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
