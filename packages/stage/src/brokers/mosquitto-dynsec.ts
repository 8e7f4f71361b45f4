import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import type { Program } from "../processes/program.ts";
import { type BrokerOptions, deployed, type TestBroker } from "./broker.ts";
import { runMosquitto } from "./mosquitto.ts";

const user = { name: "tillkeeper", password: "the-servers-own" };
const plugin = "mosquitto_dynamic_security.so";
const folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((machine) => `/usr/lib/${machine}`);

/** Debian's Mosquitto with its dynamic security plugin, in which the server maintains the list of terminals. */
export async function mosquittoDynsec({ tls }: BrokerOptions = {}): Promise<TestBroker & { forget(): void }> {
  const folder = new Folder("dynsec");
  const [plainPort, tlsPort] = await Promise.all([freePort(), freePort()]);
  const list = join(folder.path, "dynamic-security.json");
  const forget = () => {
    execFileSync("rm", ["-f", list]);
    execFileSync("mosquitto_ctrl", ["dynsec", "init", list, user.name, user.password], { stdio: "ignore" });
  };
  forget();
  const library = folders.map((path) => join(path, plugin)).find((path) => existsSync(path));
  const plain = deployed("mosquitto/mosquitto.conf", {
    "listener 1883 127.0.0.1": `listener ${plainPort} 127.0.0.1`,
    [`/usr/lib/x86_64-linux-gnu/${plugin}`]: library ?? plugin,
    "/var/lib/mosquitto/dynamic-security.json": list,
  });
  const over = tls && {
    "listener 8883 0.0.0.0": `listener ${tlsPort} 127.0.0.1`,
    "/etc/mosquitto/broker.pem": tls.certFile,
    "/etc/mosquitto/broker-key.pem": tls.keyFile,
  };
  const text = over ? `${plain}\n${deployed("mosquitto/tls.conf", over)}` : plain;
  // As root, Mosquitto would switch to its own user, which has no access to this folder.
  const path = folder.write("mosquitto.conf", process.getuid?.() === 0 ? `user root\n${text}` : text);
  const [scheme, port] = tls ? (["mqtts", tlsPort] as const) : (["mqtt", plainPort] as const);
  const url = `${scheme}://${user.name}:${user.password}@127.0.0.1:${port}`;
  let running: Program | undefined;
  const end = async () => {
    await running?.end();
    running = undefined;
  };
  return {
    kind: "mosquitto",
    ownUrl: url,
    mqtt: {
      port: { number: 0, configured: true },
      outsideUrl: url,
      access: "mosquitto",
      brokerSecret: "a-secret-of-the-tests-for-mosquitto-00",
    },
    /** Deletes the plugin's list, as after the loss of a disk. Call it while the broker is stopped. */
    forget,
    async start() {
      running = await runMosquitto(path, port);
    },
    kill: end,
    hold: (held) => running?.hold(held),
    async stop() {
      await end();
      folder.remove();
    },
  };
}
