import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { Link } from "@tillkeeper/stage/links/link";
import { until } from "@tillkeeper/stage/until";
import type { Settings } from "../arguments.ts";
import { HealthSampler } from "../health/sampler.ts";
import { Agents } from "./agents.ts";
import { Broker } from "./broker.ts";
import type { Database } from "./database.ts";
import { EmbeddedDatabase } from "./embedded-database.ts";
import { PatroniDatabase } from "./patroni-database.ts";
import { Server } from "./server.ts";
import { agentNames, links as linkNames, serverNames } from "./topology.ts";

/** The whole system: all processes are started here, and all connections go through proxies of this program. */
export interface Stage {
  folder: string;
  database: Database;
  broker: Broker;
  servers: Server[];
  agents: Agents[];
  links: Map<string, Link>;
  sampler: HealthSampler;
  /** URL of the balancer, to which clients send their requests. */
  url: string;
  bootstrapToken: string;
}

export interface StageOptions extends Pick<Settings, "database" | "standby"> {
  signal: AbortSignal;
  closing: Closing;
  agentsProgram?: string | undefined;
}

/**
 * Starts database, broker and servers, and waits until all are ready. `closing` ends all of them and removes the folder
 * last. The terminals' processes start later, because they need credentials.
 */
export async function openStage({ signal, closing, agentsProgram, ...options }: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "tillkeeper-chaos-"));
  closing.add(() => removeUnlessKept(folder));
  const database = await startDatabase(folder, options);
  closing.add(() => database.stop());
  const broker = new Broker(folder);
  closing.add(() => broker.service.kill());
  broker.service.keepUp();

  const links = new Map<string, Link>();
  const openLink = async (name: string, target: ConstructorParameters<typeof Link>[0]) => {
    const link = new Link(target);
    await link.open();
    closing.add(() => link.close());
    links.set(name, link);
    return link;
  };
  const toBroker = () => (broker.port === undefined ? undefined : { host: "127.0.0.1", port: broker.port });
  const bootstrapToken = randomBytes(24).toString("hex");
  const servers = await Promise.all(
    serverNames.map(async (name) => {
      const toDatabase = await openLink(linkNames.database(name), () => database.address);
      const { port } = await openLink(linkNames.broker(name), toBroker);
      const databaseUrl = database.urlAt(toDatabase.port);
      return new Server({ name, folder, databaseUrl, mqttUrl: `mqtt://127.0.0.1:${port}`, bootstrapToken });
    }),
  );
  const agents = await Promise.all(
    agentNames.map(async (name) => {
      const { port } = await openLink(linkNames.broker(name), toBroker);
      return new Agents({ name, folder, mqttUrl: `mqtt://127.0.0.1:${port}`, program: agentsProgram });
    }),
  );
  const sampler = new HealthSampler(servers);
  const balancer = await openLink(linkNames.http, balance(servers, sampler));
  for (const { service } of [...servers, ...agents]) closing.add(() => service.kill());
  for (const { service } of servers) service.keepUp();
  sampler.start();
  closing.add(() => sampler.stop());
  const ready = () => servers.every(({ name }) => sampler.readyAt(name) > 0);
  await until(ready, "all servers to be ready", { signal, withinMs: 60_000 });
  const url = `http://127.0.0.1:${balancer.port}`;
  return { folder, database, broker, servers, agents, links, sampler, url, bootstrapToken };
}

function startDatabase(
  folder: string,
  { database, standby }: Pick<Settings, "database" | "standby">,
): Promise<Database> {
  const log = createLogger("silent");
  if (database === "embedded") return EmbeddedDatabase.start(folder, log);
  return PatroniDatabase.start(folder, log, { synchronous: standby === "synchronous" });
}

/** Chooses servers in turn: a server that was up at its last poll, or if there is none, any server that listens. */
function balance(servers: readonly Server[], sampler: HealthSampler): ConstructorParameters<typeof Link>[0] {
  let turn = 0;
  return () => {
    turn += 1;
    const inTurn = servers.map((_, number) => servers[(turn + number) % servers.length] as Server);
    const listening = inTurn.filter(({ port }) => port !== undefined);
    const port = (listening.find(({ name }) => sampler.isUp(name)) ?? listening[0])?.port;
    return port === undefined ? undefined : { host: "127.0.0.1", port };
  };
}

const keepFile = "keep";

/** Path of a marker file: a folder that holds it is not removed at the end. */
export const keepMarker = (folder: string): string => join(folder, keepFile);

async function removeUnlessKept(folder: string): Promise<void> {
  if (!existsSync(keepMarker(folder))) await rm(folder, { recursive: true, force: true });
}
