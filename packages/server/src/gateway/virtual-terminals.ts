import { createHash } from "node:crypto";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import type { Worker } from "../platform/worker.ts";
import type { Admission, Admitted } from "../terminals/admission.ts";
import { noteAdmitted, replaceCredential } from "../terminals/credentials.ts";

/** What a virtual terminal needs to connect like a real one. */
export interface VirtualTerminalSpec {
  terminalId: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
  /** Asked at each check_update: the release keys of the account that are live then. */
  releaseKeys?: () => Promise<ReleasePublicKey[]>;
  clientId: string;
  /** PEM text of the certificates to trust, where those of the system are not meant. */
  ca?: string;
}

/** Runs virtual terminals; the program that starts the server brings it along, so that the server knows no agent. */
export interface VirtualTerminalHost {
  start(spec: VirtualTerminalSpec): void | Promise<void>;
  stop(terminalId: string): void | Promise<void>;
}

interface VirtualDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  host: VirtualTerminalHost;
  /** The same after a restart on the same data folder, so that its leases need not run out first. */
  serverId: string;
  releaseKeys: (accountId: string) => Promise<ReleasePublicKey[]>;
  connectAt: () => { url: string; ca?: string };
  /** Makes the broker take a credential. */
  admit: (admission: Admission) => Promise<Admitted>;
}

const leaseMs = 30_000;
const lookEveryMs = 5_000;

interface Leased {
  account_id: string;
  terminal_id: string;
  device_serial_number: string;
}

/**
 * Keeps this server's virtual terminals running: leases the ones nobody else runs, gives each a fresh credential and
 * starts it; stops those that were deleted or taken over. `wake` makes it look at once.
 */
export function virtualTerminals(deps: VirtualDeps): { worker: Worker; wake: () => void } {
  let wake = () => {};
  const running = new Set<string>();

  async function look(): Promise<void> {
    const leased = await lease(deps);
    const wanted = new Set(leased.map((row) => row.terminal_id));
    for (const terminalId of running) if (!wanted.has(terminalId)) await stop(terminalId);
    for (const row of leased) if (!running.has(row.terminal_id)) await start(row);
  }

  /** One that cannot be started is tried again at the next look, and keeps none of the others from starting. */
  async function start({ account_id, terminal_id, device_serial_number }: Leased): Promise<void> {
    try {
      const { db, clock, serverId } = deps;
      const device = deviceOf(serverId, terminal_id);
      const { password, credentialId } = await replaceCredential(db.sql, clock, account_id, terminal_id, device);
      const admitted = await deps.admit({
        terminalId: terminal_id,
        password,
        generation: credentialId,
        former: "ends",
        formerEnded: () => noteAdmitted(deps, { accountId: account_id, terminalId: terminal_id, credentialId }),
      });
      const { url, ...trust } = deps.connectAt();
      await deps.host.start({
        terminalId: terminal_id,
        serialNumber: device_serial_number,
        mqttUrl: url,
        ...trust,
        ...admitted,
        releaseKeys: () => deps.releaseKeys(account_id),
      });
      running.add(terminal_id);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id }, "a virtual terminal could not be started, it is tried again");
    }
  }

  async function stop(terminalId: string): Promise<void> {
    try {
      await deps.host.stop(terminalId);
      running.delete(terminalId);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id: terminalId }, "a virtual terminal could not be stopped");
    }
  }

  const worker: Worker = {
    name: "gateway.virtual_terminals",
    async run(signal) {
      while (!signal.aborted) {
        const called = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await look();
        await Promise.race([called, timer(lookEveryMs, signal)]);
      }
      for (const terminalId of running) await stop(terminalId);
      running.clear();
      // Another server need not wait for the leases to run out.
      await deps.db.sql.deleteFrom("virtual_terminal_leases").where("server_id", "=", deps.serverId).execute();
    },
  };
  return { worker, wake: () => wake() };
}

/**
 * A virtual terminal of a server is the same device after a restart: its journal is in the data folder. At another server it is
 * another, which must not be asked about what the one before may have begun. So it is the credential's id.
 */
function deviceOf(serverId: string, terminalId: string): string {
  const digits = createHash("sha256").update(`virtual terminal\n${serverId}\n${terminalId}`).digest("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timeout = setTimeout(done, ms);
    function done() {
      clearTimeout(timeout);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

/** Takes and renews leases in one statement; answers all that this server holds now. */
async function lease({ db, clock, serverId }: VirtualDeps): Promise<Leased[]> {
  const now = clock.now();
  const until = new Date(now.getTime() + leaseMs);
  const { rows } = await sql<Leased>`
    with held as (
      insert into virtual_terminal_leases as lease (account_id, terminal_id, server_id, leased_until)
      select account_id, terminal_id, ${serverId}, ${until} from (
        select account_id, terminal_id from terminals where simulated and status <> 'DELETED'
        union all
        -- Deleted ones that still have an operation to end.
        select account_id, terminal_id from terminals join terminal_credentials using (account_id, terminal_id)
        where simulated and status = 'DELETED' and ends_with is not null
      ) as wanted
      order by account_id, terminal_id
      on conflict (account_id, terminal_id) do update set server_id = excluded.server_id, leased_until = excluded.leased_until
      where lease.server_id = excluded.server_id or lease.leased_until < ${now}
      returning lease.account_id, lease.terminal_id
    )
    select terminals.account_id, terminals.terminal_id, terminals.device_serial_number
    from held join terminals using (account_id, terminal_id)`.execute(db.sql);
  return rows;
}
