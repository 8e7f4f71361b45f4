import { type CountingAgents, startCountingAgents } from "../devices/counting-agents.ts";
import {
  asSuperuser,
  makeOwner,
  type OwnPostgres,
  type PostgresAddress,
  query,
  startOwnPostgres,
} from "../postgres/own-postgres.ts";
import { Folder } from "../processes/folder.ts";
import { startTestServer, type Tenant, type TestServer } from "../servers/test-server.ts";
import { OutageLoad } from "./outage-load.ts";

/** The database in the cluster that the server uses. */
export const database = "tillkeeper_app";
export const owner = "app";

interface OutageOptions {
  /** Settings of the cluster. */
  settings?: Record<string, string>;
  /**
   * Puts a proxy between the server and the cluster: gets the cluster's port, and resolves with the port to connect
   * to.
   */
  through?: (port: number) => Promise<number>;
  /** Seconds until the server gives up on a statement, so that a test need not wait for the usual 30. */
  patience?: number;
}

/**
 * A server on a PostgreSQL of its own, with terminals, callers and readers at work, whose database the test may
 * disturb.
 */
export interface Outage extends OutageOn {
  postgres: OwnPostgres;
}

/** The same on a PostgreSQL that the test brings along, and removes itself. */
export interface OutageOn {
  server: TestServer;
  load: OutageLoad;
  /**
   * Resolves when each kind of work was completed `count` more times. Throws when any answer was wrong since the
   * start.
   */
  recovered(count?: number): Promise<void>;
  /**
   * Ends the work, and compares the answers with the database and the terminals. Resolves with the differences, which
   * should be none.
   */
  wrongAnswers(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts PostgreSQL, a server with eight agents, and the load on it. The caller stops it. */
export async function startOutage(aid: string, options: OutageOptions = {}): Promise<Outage> {
  const postgres = await startOwnPostgres({ settings: options.settings ?? {} });
  const outage = await startOutageOn(postgres, aid, options);
  return {
    ...outage,
    postgres,
    async stop() {
      await outage.stop();
      await postgres.remove();
    },
  };
}

/** Starts a server with eight agents on that PostgreSQL, and the load on it. The caller stops it. */
export async function startOutageOn(
  postgres: PostgresAddress,
  aid: string,
  options: Omit<OutageOptions, "settings"> = {},
): Promise<OutageOn> {
  // Not a superuser, because PostgreSQL reserves connections for superusers.
  await makeOwner(postgres, owner);
  await asSuperuser(postgres, `create database ${database} owner ${owner}`);
  const port = (await options.through?.(postgres.port)) ?? postgres.port;
  const patience = options.patience === undefined ? "" : `?query_timeout=${options.patience * 1000}`;
  const url = `postgres://${owner}:${postgres.password}@127.0.0.1:${port}/${database}${patience}`;
  const files = new Folder("outage-files");
  const server = await startTestServer({
    database: { url, drop: async () => {} },
    config: { files: { kind: "folder", path: files.path } },
  });
  const tenant = await server.account(aid);
  const agents = await startCountingAgents(server, tenant, 8);
  const load = new OutageLoad(server, tenant, agents.terminalIds);
  return {
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
      files.remove();
    },
  };
}

interface Work {
  tenant: Tenant;
  load: OutageLoad;
  agents: CountingAgents;
}

async function differences(postgres: PostgresAddress, { tenant, load, agents }: Work): Promise<string[]> {
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
    ...[...stored.keys()].filter((id) => !load.accepted.has(id)).map((id) => `${id} is stored, but was never answered`),
    ...[...agents.carriedOut.keys()]
      .filter((id) => !load.accepted.has(id))
      .map((id) => `${id} was done, but never answered`),
    ...[...load.stores].filter((id) => !storeIds.has(id)).map((id) => `store ${id} is missing`),
  ];
}
