import { database, type Outage, owner, startOutage } from "@tillkeeper/stage/outages/outage";
import { asSuperuser } from "@tillkeeper/stage/postgres/own-postgres";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";

/** Holds all connections that PostgreSQL allows, as other programs on the same cluster might. */
class ConnectionHolder {
  readonly #held: pg.Client[] = [];
  readonly #outage: Outage;
  readonly #user: string;
  /** The messages with which PostgreSQL refused further connections. */
  readonly refusals = new Set<string>();

  constructor(outage: Outage, user: string) {
    this.#outage = outage;
    this.#user = user;
  }

  /** Resolves when PostgreSQL refuses further connections, and the server has at most `spared` of them. */
  async takeAll(spared: number): Promise<void> {
    for (;;) {
      const opened = await this.#openOne();
      if (!opened && (await this.#countServerConnections()) <= spared) return;
      await this.#endServerConnections(spared);
    }
  }

  async release(): Promise<void> {
    await Promise.all(this.#held.splice(0).map((client) => client.end()));
  }

  /** Opens one connection. Resolves with false when PostgreSQL refuses it. */
  async #openOne(): Promise<boolean> {
    const { port, password } = this.#outage.postgres;
    const client = new pg.Client({ host: "127.0.0.1", port, user: this.#user, password, database });
    client.on("error", () => undefined);
    try {
      await client.connect();
      this.#held.push(client);
      return true;
    } catch (error) {
      this.refusals.add((error as Error).message);
      return false;
    }
  }

  /** Ends the server's connections except `spared`, which makes room for others. */
  async #endServerConnections(spared: number): Promise<void> {
    const [first] = this.#held;
    await first?.query(
      `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where application_name = 'tillkeeper'
         and datname = '${database}' order by backend_start offset ${spared}) as surplus`,
    );
  }

  async #countServerConnections(): Promise<number> {
    const [first] = this.#held;
    if (!first) return Number.POSITIVE_INFINITY;
    const { rows } = await first.query(
      `select count(*)::int as count from pg_stat_activity where application_name = 'tillkeeper' and datname = '${database}'`,
    );
    return rows[0].count;
  }
}

describe("a database whose connections others have taken", () => {
  let outage: Outage;
  let holder: ConnectionHolder;
  afterEach(async () => {
    await holder.release();
    await outage.stop();
  });

  it("costs 503s as long as there is none: those of ordinary users are taken", async () => {
    outage = await startOutage("T35000001", { settings: { max_connections: "40" } });
    await outage.recovered();
    await asSuperuser(outage.postgres, `grant pg_signal_backend to ${owner}`);
    holder = new ConnectionHolder(outage, owner);
    await holder.takeAll(0);
    expect([...holder.refusals].join()).toContain("remaining connection slots are reserved");
    await outage.load.refusals(50);
    await holder.release();
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });

  it("costs 503s as long as there is none: even those kept for administrators are taken", async () => {
    outage = await startOutage("T35000002", { settings: { max_connections: "40" } });
    await outage.recovered();
    holder = new ConnectionHolder(outage, outage.postgres.user);
    await holder.takeAll(0);
    expect([...holder.refusals].join()).toContain("too many clients already");
    await outage.load.refusals(50);
    await holder.release();
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });

  it("costs no wrong answer while there are too few", async () => {
    outage = await startOutage("T35000003", { settings: { max_connections: "40" } });
    await outage.recovered();
    holder = new ConnectionHolder(outage, outage.postgres.user);
    await holder.takeAll(3);
    await outage.load.refusals(50);
    await holder.release();
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});
