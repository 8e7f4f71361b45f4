import { type CountingAgents, startCountingAgents } from "../devices/counting-agents.ts";
import { asSuperuser, makeOwner, type OwnPostgres, query, startOwnPostgres } from "../postgres/own-postgres.ts";
import { startTestServer, type Tenant, type TestServer } from "../servers/test-server.ts";
import { OutageLoad } from "./outage-load.ts";

/** What the server has of the cluster. */
export const database = "tillkeeper_app";
export const owner = "app";

interface OutageOptions {
  /** Of the cluster. */
  settings?: Record<string, string>;
  /** What the server's connections go through; answers the port to connect to. */
  through?: (port: number) => Promise<number>;
  /** Seconds after which the server gives up on a statement, so that a test need not wait for the usual 30. */
  patience?: number;
}

/** A server on a PostgreSQL of its own, with terminals, callers and readers at work, for a test to do its worst. */
export interface Outage {
  postgres: OwnPostgres;
  server: TestServer;
  load: OutageLoad;
  /** Everything goes on from here: each kind of work is done so many times more, and nothing was ever answered wrongly. */
  recovered(count?: number): Promise<void>;
  /** Ends the work, and holds what was answered against what the database has and the terminals did: nothing may differ. */
  wrongAnswers(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startOutage(aid: string, options: OutageOptions = {}): Promise<Outage> {
  const postgres = await startOwnPostgres({ settings: options.settings ?? {} });
  // No superuser: for those PostgreSQL keeps connections back.
  await makeOwner(postgres, owner);
  await asSuperuser(postgres, `create database ${database} owner ${owner}`);
  const port = (await options.through?.(postgres.port)) ?? postgres.port;
  const patience = options.patience === undefined ? "" : `?query_timeout=${options.patience * 1000}`;
  const url = `postgres://${owner}:${postgres.password}@127.0.0.1:${port}/${database}${patience}`;
  const server = await startTestServer({ database: { url, drop: async () => {} } });
  const tenant = await server.account(aid);
  const agents = await startCountingAgents(server, tenant, 8);
  const load = new OutageLoad(server, tenant, agents.terminalIds);
  return {
    postgres,
    server,
    load,
    recovered: (count = 10) => load.more(count),
    async wrongAnswers() {
      await load.stop();
      return [...load.violations, ...(await differences(postgres, { tenant, load, agents }))];
    },
    async stop() {
      await load.stop();
      await agents.stop();
      await server.stop();
      await postgres.remove();
    },
  };
}

interface Told {
  tenant: Tenant;
  load: OutageLoad;
  agents: CountingAgents;
}

async function differences(postgres: OwnPostgres, { tenant, load, agents }: Told): Promise<string[]> {
  const operations = await query<{ id: string; status: string }>(
    postgres,
    `select id, status from operations where account_id = '${tenant.aid}'`,
    database,
  );
  const stored = new Map(operations.map(({ id, status }) => [id, status]));
  const stores = await query<{ store_id: string }>(postgres, "select store_id from stores", database);
  const storeIds = new Set(stores.map(({ store_id }) => store_id));
  return [
    ...[...load.accepted].filter((id) => stored.get(id) !== "COMPLETED").map((id) => `${id} is ${stored.get(id)}`),
    ...[...load.accepted].filter((id) => agents.carriedOut.get(id) !== 1).map((id) => `${id} was not done once`),
    ...[...stored.keys()].filter((id) => !load.accepted.has(id)).map((id) => `nobody was told of ${id}`),
    ...[...agents.carriedOut.keys()].filter((id) => !load.accepted.has(id)).map((id) => `${id} was done for nobody`),
    ...[...load.stores].filter((id) => !storeIds.has(id)).map((id) => `store ${id} is missing`),
  ];
}
