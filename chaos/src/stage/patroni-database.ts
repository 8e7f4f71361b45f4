import { chmodSync, mkdirSync } from "node:fs";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Db, openDb } from "@tillkeeper/server/db/db";
import type { Logger } from "@tillkeeper/server/platform/log/log";
import { asSuperuser, databaseUrl, makeOwner, type PostgresAddress } from "@tillkeeper/stage/postgres/own-postgres";
import { PatroniCluster } from "@tillkeeper/stage/postgres/patroni/cluster";
import type { MemberState } from "@tillkeeper/stage/postgres/patroni/member";
import type { Instant } from "../checker/history.ts";
import { CommitProbe } from "../health/commit-probe.ts";
import type { Database, Failovers, Promotion } from "./database.ts";

const database = "tillkeeper_chaos";
const owner = "tillkeeper_owner";
const probed = "probe";
const lookEveryMs = 200;

/** PostgreSQL 15 on two machines under Patroni. Servers reach the leader through HAProxy. */
export class PatroniDatabase implements Database {
  readonly cluster: PatroniCluster;
  readonly db: Db;
  readonly #owner: PostgresAddress;
  readonly #probe: CommitProbe;
  readonly #promotions: Promotion[] = [];
  readonly #stopped = new AbortController();
  readonly #watching: Promise<void>;

  static async start(folder: string, log: Logger, { synchronous }: { synchronous: boolean }): Promise<PatroniDatabase> {
    const own = join(folder, "patroni");
    mkdirSync(own);
    // PostgreSQL runs as another user, who needs to pass through.
    chmodSync(folder, 0o711);
    const cluster = await PatroniCluster.start({ folder: own, synchronous });
    try {
      const ownerAddress = await makeOwner(cluster.address, owner);
      await asSuperuser(cluster.address, `create database ${database} owner ${owner}`);
      await asSuperuser(cluster.address, `create database ${probed}`);
      return new PatroniDatabase(cluster, ownerAddress, log);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(cluster: PatroniCluster, ownerAddress: PostgresAddress, log: Logger) {
    this.cluster = cluster;
    this.#owner = ownerAddress;
    this.db = openDb({ connectionString: databaseUrl(ownerAddress, database) }, log);
    this.#probe = new CommitProbe({ ...cluster.address, database: probed });
    this.#probe.start();
    this.#watching = this.#watch();
  }

  get address(): NetConnectOpts {
    const { host, port } = this.cluster.address;
    return { host, port };
  }

  get commitsAt(): Instant {
    return this.#probe.lastAt;
  }

  get failovers(): Failovers {
    return { promotions: this.#promotions, commits: this.#probe.periods() };
  }

  urlAt(port: number): string {
    return databaseUrl({ ...this.#owner, port }, database);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await this.#probe.stop();
    await this.db.close();
    await this.cluster.stop();
  }

  /** Notes each change of leader. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    let known: string | undefined;
    let followedAt = Date.now();
    while (!signal.aborted) {
      const sentAt = Date.now();
      const states = await Promise.all(this.cluster.members.map((member) => member.state()));
      // A leader that was paused may say that it leads for a moment after it goes on: the latest timeline counts.
      const leaders = states.map((state, number) => ({ ...state, number })).filter(isLeading);
      const leader = leaders.toSorted((a, b) => (b.timeline ?? 0) - (a.timeline ?? 0))[0];
      if (leader) {
        const name = `${leader.number} on ${leader.timeline}`;
        if (known !== undefined && known !== name) this.#promotions.push({ at: Date.now(), followedAt });
        known = name;
        if (leader.replication?.some(({ state }) => state === "streaming")) followedAt = sentAt;
      }
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

function isLeading({ state, role }: Partial<MemberState>): boolean {
  return state === "running" && /master|primary/.test(role ?? "");
}
