import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { type Mosquitto, startMosquitto } from "../brokers/mosquitto.ts";
import { Balancer } from "../links/balancer.ts";
import { filesOf } from "../postgres/database.ts";
import { freePort } from "../processes/free-port.ts";
import { ReplicaProcess } from "./replica-process.ts";
import { TestClock } from "./test-clock.ts";
import { type Topology, type TopologyOptions, testConfig } from "./topology.ts";

const replicas = 3;

/** The broker for each database. Servers on one database must share it, since each of them reaches every terminal. */
const brokers = new Map<string, Promise<Mosquitto>>();

/**
 * Starts three servers, each in a process of its own, on Debian's PostgreSQL, with one Mosquitto and behind a
 * balancer. With `further`, one more server joins those on the database.
 */
export async function startReplicas({
  config,
  databaseUrl,
  virtualTerminalHost: host,
  further,
  folder: parent,
}: TopologyOptions): Promise<Topology> {
  const ownsBroker = !brokers.has(databaseUrl);
  if (ownsBroker) brokers.set(databaseUrl, startMosquitto());
  const mosquitto = (await brokers.get(databaseUrl)) as Mosquitto;
  const balancer = await Balancer.start();
  const folder = mkdtempSync(join(parent, "replicas-"));
  // Servers keep their ports over a restart. Only the port tells them apart, because each gives the balancer's
  // address as its own.
  const ports = await Promise.all(Array.from({ length: further ? 1 : replicas }, freePort));
  balancer.use(ports);
  let running: ReplicaProcess[] = [];
  let moved: Promise<unknown> = Promise.resolve();
  const clock = new TestClock(() => {
    moved = Promise.all(running.map((replica) => replica.moveClock(clock)));
  });

  const start = async () => {
    running = await allOrNone(
      ports.map((number) =>
        ReplicaProcess.start({
          clock,
          host,
          config: {
            ...testConfig,
            // The `localhost` form counts as a second name of the balancer, which the servers cannot know by
            // themselves.
            audienceHosts: [...testConfig.audienceHosts, balancer.host.replace("127.0.0.1", "localhost")],
            http: { host: "127.0.0.1", port: { number, configured: true } },
            mqtt: { ...testConfig.mqtt, outsideUrl: mosquitto.url },
            dataDir: join(folder, `server-${number}`),
            keyFile: inject("keyFile"),
            databaseUrl,
            publicUrl: `http://${balancer.host}`,
            files: filesOf(databaseUrl),
            ...config,
          },
        }),
      ),
    );
  };
  const stop = () => Promise.all(running.map((replica) => replica.stop()));
  const clear = async () => {
    await balancer.stop();
    rmSync(folder, { recursive: true, force: true });
    if (!ownsBroker) return;
    brokers.delete(databaseUrl);
    await mosquitto.stop();
  };
  await start().catch(async (error: unknown) => {
    await clear();
    throw error;
  });
  return {
    httpUrl: `http://${balancer.host}`,
    mqttUrl: mosquitto.url,
    clock,
    spreads: true,
    carried: () => ports.map((port) => balancer.carried.get(port) ?? 0),
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    settled: async () => void (await moved),
    async restart(meanwhile) {
      await stop();
      meanwhile?.();
      await start();
    },
    async stop() {
      await stop();
      await clear();
    },
  };
}

/** Waits for all servers. When one of them does not start, stops the others. */
async function allOrNone(starting: Promise<ReplicaProcess>[]): Promise<ReplicaProcess[]> {
  const results = await Promise.allSettled(starting);
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = results.find((result) => result.status === "rejected");
  if (!failure) return started;
  await Promise.all(started.map((replica) => replica.kill()));
  throw failure.reason;
}
