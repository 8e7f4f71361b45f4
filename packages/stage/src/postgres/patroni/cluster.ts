import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Account, chooseAccount } from "@tillkeeper/server/db/embedded/account";
import { freePort } from "../../processes/free-port.ts";
import { Program } from "../../processes/program.ts";
import { until } from "../../until.ts";
import { asSuperuser, type PostgresAddress } from "../own-postgres.ts";
import { KeptUp } from "./kept-up.ts";
import { Member } from "./member.ts";
import { haproxySettings } from "./settings.ts";

const names = ["postgres-1", "postgres-2"] as const;

export interface PatroniOptions {
  /** An existing folder for everything, which PostgreSQL's user may enter. The caller removes it. */
  folder: string;
  /** Whether a commit waits for the standby. */
  synchronous: boolean;
}

/**
 * Two PostgreSQL 15 that Patroni looks after, etcd for their lock, and HAProxy, which leads to the leader. All are
 * Debian's programs, on loopback, with the configuration files that operators get.
 */
export class PatroniCluster {
  readonly members: readonly Member[];
  /** How to reach the leader through HAProxy, as superuser. */
  readonly address: PostgresAddress;
  readonly etcd: KeptUp;
  readonly #haproxy: Program;
  readonly #synchronous: boolean;

  private constructor(
    members: readonly Member[],
    address: PostgresAddress,
    programs: { etcd: KeptUp; haproxy: Program; synchronous: boolean },
  ) {
    this.members = members;
    this.address = address;
    this.etcd = programs.etcd;
    this.#haproxy = programs.haproxy;
    this.#synchronous = programs.synchronous;
  }

  /** Starts everything, and waits until HAProxy leads to a leader that has its standby. */
  static async start({ folder, synchronous }: PatroniOptions): Promise<PatroniCluster> {
    const account = chooseAccount(folder, undefined);
    chmodSync(folder, 0o755);
    const etcdPort = await freePort();
    const etcd = await startEtcd(join(folder, "etcd"), etcdPort, account);
    const passwords = { superuser: secret(), replication: secret() };
    const members: Member[] = [];
    for (const name of names) {
      members.push(await Member.prepare({ name, folder, account, etcdPort, passwords, synchronous }));
    }
    for (const member of members) member.start();
    const port = await freePort();
    const haproxy = await startHaproxy(folder, port, members);
    const address = { host: "127.0.0.1", port, user: "postgres", password: passwords.superuser };
    const cluster = new PatroniCluster(members, address, { etcd, haproxy, synchronous });
    try {
      await cluster.whole();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Returns the member that is the leader, by the word of its Patroni; undefined while there is none. */
  async leader(): Promise<Member | undefined> {
    const leading = await Promise.all(this.members.map((member) => member.leads()));
    return this.members[leading.indexOf(true)];
  }

  async standby(): Promise<Member | undefined> {
    const leader = await this.leader();
    return leader && this.members.find((member) => member !== leader);
  }

  /** Cuts the leader off from the other machine and from etcd, both ways; servers still reach it. */
  async isolateLeader(): Promise<void> {
    const leader = await this.leader();
    if (!leader) throw new Error("there is no leader");
    for (const member of this.members) member.holdPeers();
    leader.holdEtcd();
  }

  /** Ends every isolation. */
  mend(): void {
    for (const member of this.members) member.mend();
  }

  /** Hands the lead over in good order, as `patronictl switchover` does. Throws when Patroni refuses. */
  async switchover(): Promise<void> {
    const leader = await this.leader();
    if (!leader) throw new Error("there is no leader");
    const answer = await fetch(`http://127.0.0.1:${leader.ports.rest}/switchover`, {
      method: "POST",
      body: JSON.stringify({ leader: leader.name }),
      signal: AbortSignal.timeout(60_000),
    });
    if (!answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`);
  }

  /** Resolves when HAProxy leads to a leader whose standby streams, and is as synchronous as it has to be. */
  async whole(): Promise<void> {
    const wanted = this.#synchronous ? "sync" : "async";
    const standby = `select from pg_stat_replication where state = 'streaming' and sync_state = '${wanted}'`;
    const check = `do $$ begin if not exists (${standby}) then raise 'no standby'; end if; end $$`;
    const streams = () =>
      asSuperuser(this.address, check).then(
        () => true,
        () => false,
      );
    const mayLead = async () => {
      const other = await this.standby();
      return other?.isSynchronous() ?? false;
    };
    const isWhole = async () => (await streams()) && (!this.#synchronous || (await mayLead()));
    await until(isWhole, "Patroni's cluster to be whole", { everyMs: 200 });
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    await this.#haproxy.end();
    await Promise.all(this.members.map((member) => member.stop()));
    await this.etcd.end("SIGKILL");
  }
}

const secret = () => randomBytes(12).toString("hex");

const as = ({ uid, gid }: Account) => (uid === process.getuid?.() ? {} : { uid, gid });

async function startEtcd(folder: string, port: number, account: Account): Promise<KeptUp> {
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, account.uid, account.gid);
  const client = `http://127.0.0.1:${port}`;
  const peers = `http://127.0.0.1:${await freePort()}`;
  const urls = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=${peers}`];
  const etcd = new KeptUp(
    ["/usr/bin/etcd", "--enable-v2", `--data-dir=${folder}`, ...urls, "--initial-advertise-peer-urls", peers].concat(
      `--initial-cluster=default=${peers}`,
    ),
    { cwd: "/", group: true, ...as(account) },
  );
  etcd.start();
  const healthy = () =>
    fetch(`${client}/health`, { signal: AbortSignal.timeout(1_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
  await until(healthy, "etcd to be ready");
  return etcd;
}

async function startHaproxy(folder: string, port: number, members: readonly Member[]): Promise<Program> {
  const file = join(folder, "haproxy.cfg");
  const ports = members.map((member) => member.ports);
  writeFileSync(file, haproxySettings(port, ports));
  const program = new Program(["/usr/sbin/haproxy", "-f", file], { cwd: "/", group: true });
  await program.listens(port);
  return program;
}
