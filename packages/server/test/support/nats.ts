import { natsSetup } from "../../src/broker-access/nats/setup.ts";
import { type BrokerOptions, deployed, Folder, ProcessGroup, type TestBroker } from "./broker-process.ts";
import { freePort } from "./free-port.ts";

/** Debian's nats-server, which trusts keys that were made for it. */
export async function nats({ tls }: BrokerOptions = {}): Promise<TestBroker> {
  const folder = new Folder("nats");
  const [mqtt, native] = await Promise.all([freePort(), freePort()]);
  const { keysFile, configuration } = natsSetup();
  folder.write("tillkeeper-accounts.conf", configuration);
  const path = folder.write(
    "nats-server.conf",
    deployed("nats/nats-server.conf", {
      "127.0.0.1:1883": `127.0.0.1:${mqtt}`,
      "127.0.0.1:4222": `127.0.0.1:${native}`,
      "/var/lib/nats": folder.path,
      "# include ./tls.conf": tls ? "include ./tls.conf" : "",
    }),
  );
  if (tls) {
    const places = {
      "0.0.0.0:8883": `127.0.0.1:${mqtt}`,
      "/etc/nats/broker.pem": tls.certFile,
      "/etc/nats/broker-key.pem": tls.keyFile,
    };
    folder.write("tls.conf", deployed("nats/tls.conf", places));
  }
  const url = `${tls ? "mqtts" : "mqtt"}://127.0.0.1:${mqtt}`;
  let running: ProcessGroup | undefined;
  const end = async () => {
    await running?.end();
    running = undefined;
  };
  return {
    kind: "nats",
    ownUrl: url,
    mqtt: {
      port: { number: 0, configured: true },
      outsideUrl: url,
      access: "nats",
      nats: { url: `${tls ? "tls" : "nats"}://127.0.0.1:${native}`, keysFile: folder.write("keys.json", keysFile) },
    },
    async start() {
      running = new ProcessGroup("nats-server", ["-c", path]);
      await running.listens(mqtt);
    },
    kill: end,
    hold: (held) => running?.hold(held),
    async stop() {
      await end();
      folder.remove();
    },
  };
}
