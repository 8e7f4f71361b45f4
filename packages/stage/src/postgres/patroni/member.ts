import { chmodSync, chownSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "@tillkeeper/server/db/embedded/account";
import { readPostmasterFile } from "@tillkeeper/server/db/embedded/orphan";
import { Link } from "../../links/link.ts";
import { freePort } from "../../processes/free-port.ts";
import { KeptUp } from "./kept-up.ts";
import { processTree, signalAll } from "./process-tree.ts";
import { type Passwords, patroniSettings } from "./settings.ts";

const askWithinMs = 2_000;

export interface MemberOptions {
  name: string;
  folder: string;
  account: Account;
  etcdPort: number;
  passwords: Passwords;
  synchronous: boolean;
}

/** The state of a member, by its Patroni. */
export interface MemberState {
  role: string;
  state: string;
  timeline?: number;
  /** The standbys that a leader has, by its word. */
  replication?: { state: string }[];
}

/**
 * A machine with Patroni and the PostgreSQL that it starts. It reaches the other machine and etcd through links, so
 * that it can be cut off from them while the servers still reach it.
 */
export class Member {
  readonly name: string;
  readonly ports: { postgres: number; rest: number };
  readonly #cluster: string;
  readonly #patroni: KeptUp;
  readonly #links: Link[];
  #held: number[] = [];

  private constructor(
    name: string,
    ports: { postgres: number; rest: number },
    cluster: string,
    patroni: KeptUp,
    links: Link[],
  ) {
    this.name = name;
    this.ports = ports;
    this.#cluster = cluster;
    this.#patroni = patroni;
    this.#links = links;
  }

  /** Writes the configuration and opens the links; starts nothing yet. */
  static async prepare({ name, account, etcdPort, passwords, synchronous, ...in_ }: MemberOptions): Promise<Member> {
    const folder = join(in_.folder, name);
    mkdirSync(folder, { mode: 0o755 });
    chownSync(folder, account.uid, account.gid);
    const [postgres, rest] = [await freePort(), await freePort()];
    const links = [postgres, rest, etcdPort].map((port) => new Link(() => ({ host: "127.0.0.1", port })));
    for (const link of links) await link.open();
    const [toPostgres, toRest, toEtcd] = links as [Link, Link, Link];
    const file = join(folder, "patroni.yml");
    const peers = { postgres: toPostgres.port, rest: toRest.port };
    const ports = { postgres, rest };
    writeFileSync(file, patroniSettings({ name, folder, ports, peers, etcdPort: toEtcd.port, passwords, synchronous }));
    chownSync(file, account.uid, account.gid);
    chmodSync(file, 0o600);
    const log = openSync(join(folder, "patroni.log"), "a");
    const patroni = new KeptUp(["/usr/bin/patroni", file], {
      cwd: "/",
      group: true,
      stdio: ["ignore", log, log],
      env: { PATH: "/usr/lib/postgresql/15/bin:/usr/bin:/bin", HOME: folder, LC_ALL: "C.UTF-8", TZ: "UTC" },
      ...(account.uid === process.getuid?.() ? {} : { uid: account.uid, gid: account.gid }),
    });
    return new Member(name, ports, join(folder, "cluster"), patroni, links);
  }

  start(): void {
    this.#patroni.start();
  }

  /** Returns what its Patroni says of it; undefined when that does not answer. */
  async state(): Promise<MemberState | undefined> {
    try {
      const signal = AbortSignal.timeout(askWithinMs);
      const answer = await fetch(`http://127.0.0.1:${this.ports.rest}/patroni`, { signal });
      return (await answer.json()) as MemberState;
    } catch {
      return undefined;
    }
  }

  /** Whether its Patroni says that it is the leader. */
  leads(): Promise<boolean> {
    return this.#says("/primary");
  }

  /** Whether its Patroni says that it may become the leader: it learns that seconds after PostgreSQL waits for it. */
  isSynchronous(): Promise<boolean> {
    return this.#says("/synchronous");
  }

  async #says(path: string): Promise<boolean> {
    const signal = AbortSignal.timeout(askWithinMs);
    const answer = await fetch(`http://127.0.0.1:${this.ports.rest}${path}`, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok ?? false;
  }

  /** Sends SIGKILL to all of its processes at once, as when the machine loses its power. `start` switches it on. */
  async kill(): Promise<void> {
    this.resume();
    const postgres = this.#postgres();
    const ended = this.#patroni.end("SIGKILL");
    signalAll(postgres, "SIGKILL");
    await ended;
  }

  /** Sends SIGKILL to Patroni, upon which its unit ends PostgreSQL (deploy/patroni/patroni.service.conf). */
  async killPatroni(): Promise<void> {
    await this.#patroni.end("SIGKILL");
    signalAll(this.#postgres(), "SIGKILL");
  }

  /** Sends SIGKILL to the postmaster, upon which its processes end. */
  killPostgres(): void {
    signalAll(this.#postgres().slice(0, 1), "SIGKILL");
  }

  /** Suspends all of its processes, as when the machine's host stalls. Its connections stay open. */
  pause(): void {
    this.#patroni.hold(true);
    this.#held = this.#postgres();
    signalAll(this.#held, "SIGSTOP");
  }

  resume(): void {
    signalAll(this.#held, "SIGCONT");
    this.#held = [];
    this.#patroni.hold(false);
  }

  /** Holds back what the other machine asks of it, PostgreSQL and Patroni. */
  holdPeers(): void {
    for (const link of this.#links.slice(0, 2)) link.hold();
  }

  /** Cuts it off from etcd. */
  holdEtcd(): void {
    this.#links[2]?.hold();
  }

  /** Holds back what the other machine asks of its PostgreSQL: a standby falls behind. */
  holdReplication(): void {
    this.#links[0]?.hold();
  }

  mend(): void {
    for (const link of this.#links) {
      // Bytes of before would come too late to mean anything.
      link.cut();
      link.mend();
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    for (const link of this.#links) await link.close();
  }

  /** The postmaster and its processes; none while it is down. */
  #postgres(): number[] {
    const pid = readPostmasterFile(this.#cluster)?.pid;
    return pid !== undefined && existsSync(`/proc/${pid}`) ? processTree(pid) : [];
  }
}
