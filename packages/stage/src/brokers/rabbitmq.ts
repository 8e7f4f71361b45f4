import { execFile } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";
import { type BrokerOptions, type BrokerWithUsers, deploy, deployed, type TestBroker } from "./broker.ts";
import type { Certificate } from "./certificates.ts";

const secret = "a-secret-of-the-tests-for-rabbitmq-000";
const user = { name: "tillkeeper", password: "the server's own" };
const programs = "/usr/lib/rabbitmq/bin";

/** A node of Debian's RabbitMQ. All its files are in a folder of its own, so any user can run the tests. */
async function rabbitNode(plugins = "rabbitmq/enabled_plugins") {
  const folder = new Folder("rabbitmq");
  const [mqtt, mqtts, amqp] = await Promise.all([freePort(), freePort(), freePort()]);
  const [epmdPort, distribution] = await Promise.all([freePort(), freePort()]);
  const env = {
    HOME: folder.path,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `tillkeeper-${mqtt}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: `${folder.path}/mnesia`,
    RABBITMQ_LOG_BASE: `${folder.path}/log`,
    RABBITMQ_GENERATED_CONFIG_DIR: `${folder.path}/config`,
    RABBITMQ_ENABLED_PLUGINS_FILE: folder.write("enabled_plugins", deployed(plugins, {})),
    RABBITMQ_CONFIG_FILE: `${folder.path}/rabbitmq.conf`,
    RABBITMQ_CONFIG_FILES: `${folder.path}/*-tls.conf`,
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    // With two cores, idle Erlang schedulers must not busy-wait.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
  };
  let running: Program[] = [];
  const end = async () => {
    for (const program of running.splice(0)) await program.end();
  };
  return {
    folder,
    env,
    ports: { mqtt, mqtts },
    /** The ports in the configuration files for operators, and this node's ports. */
    places: { "127.0.0.1:1883": `127.0.0.1:${mqtt}`, "127.0.0.1:5672": `127.0.0.1:${amqp}` },
    async start(configuration: string, port: number) {
      folder.write("rabbitmq.conf", configuration);
      // Without it, RabbitMQ would start an epmd that outlives the node.
      const names = new Program(["epmd", "-port", String(epmdPort), "-address", "127.0.0.1"], { group: true });
      running = [names];
      await names.listens(epmdPort);
      // A node that is killed may leave a dump in the folder that it works in.
      const broker = new Program([`${programs}/rabbitmq-server`], { env, group: true, cwd: folder.path });
      running.unshift(broker);
      await broker.listens(port);
    },
    end,
    hold: (held: boolean) => running[0]?.hold(held),
    async stop() {
      await end();
      folder.remove();
    },
  };
}

/** A RabbitMQ that asks the server for every connection whether the device may connect. */
export async function rabbitMq({ tls }: BrokerOptions = {}): Promise<TestBroker> {
  const node = await rabbitNode();
  const { mqtt, mqtts } = node.ports;
  const [scheme, port] = tls ? (["mqtts", mqtts] as const) : (["mqtt", mqtt] as const);
  const url = `${scheme}://${user.name}:${encodeURIComponent(user.password)}@127.0.0.1:${port}`;
  return {
    kind: "rabbitmq",
    ownUrl: url,
    mqtt: { port: { number: 0, configured: true }, outsideUrl: url, access: "http", brokerSecret: secret },
    async start(httpUrl) {
      if (tls) node.folder.write("10-tls.conf", deployed("rabbitmq/tls.conf", encrypted(tls, mqtts)));
      const asked = { "http://127.0.0.1:8080": httpUrl, "change-me-to-a-secret-of-32-characters": secret };
      await node.start(deployed("rabbitmq/rabbitmq.conf", { ...node.places, ...asked }), port);
    },
    kill: node.end,
    hold: node.hold,
    stop: () => node.stop(),
  };
}

const curves = {
  "P-256": () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  Ed25519: () => generateKeyPairSync("ed25519"),
};

/** A RabbitMQ that reads a device's rights from its token. */
export async function rabbitMqJwt({
  tls,
  curve = "P-256",
}: BrokerOptions & { curve?: keyof typeof curves } = {}): Promise<TestBroker & { privateKey: KeyObject }> {
  const node = await rabbitNode("rabbitmq-jwt/enabled_plugins");
  const { mqtt, mqtts } = node.ports;
  const [scheme, port] = tls ? (["mqtts", mqtts] as const) : (["mqtt", mqtt] as const);
  const url = `${scheme}://127.0.0.1:${port}`;
  const { privateKey, publicKey } = curves[curve]();
  const keyFile = node.folder.write("broker-key.pem", pem(privateKey, "pkcs8"));
  const publicFile = node.folder.write("broker-key.pub.pem", pem(publicKey, "spki"));
  return {
    kind: "rabbitmq-jwt",
    ownUrl: url,
    privateKey,
    mqtt: { port: { number: 0, configured: true }, outsideUrl: url, access: "jwt", brokerSecret: secret, keyFile },
    async start() {
      if (tls) node.folder.write("10-tls.conf", deployed("rabbitmq/tls.conf", encrypted(tls, mqtts)));
      const places = { ...node.places, "/etc/rabbitmq/broker-key.pub.pem": publicFile };
      await node.start(deployed("rabbitmq-jwt/rabbitmq.conf", places), port);
    },
    kill: node.end,
    hold: node.hold,
    stop: () => node.stop(),
  };
}

const pem = (key: KeyObject, type: "pkcs8" | "spki") => key.export({ type, format: "pem" } as never).toString();

/** A RabbitMQ with a list of users of its own. */
export async function rabbitMqUsers(): Promise<BrokerWithUsers> {
  const node = await rabbitNode();
  const { mqtt } = node.ports;
  const password = "the-servers-own";
  await node.start(deployed("rabbitmq/own-rules.conf", { ...node.places, "change-me": password }), mqtt);
  return {
    url: `mqtt://${user.name}:${password}@127.0.0.1:${mqtt}`,
    async letIn(address, secretOfDevice) {
      const env = { ...node.env, PATH: `${programs}:${process.env["PATH"]}` };
      await promisify(execFile)(join(deploy, "rabbitmq/add-device.sh"), [address, secretOfDevice], { env });
    },
    stop: () => node.stop(),
  };
}

const encrypted = ({ certFile, keyFile, caFile }: Certificate, port: number) => ({
  "0.0.0.0:8883": `127.0.0.1:${port}`,
  "/etc/rabbitmq/ca.pem": caFile,
  "/etc/rabbitmq/broker.pem": certFile,
  "/etc/rabbitmq/broker-key.pem": keyFile,
});
