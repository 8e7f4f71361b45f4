import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { giveUpRecipient } from "../operations/commands.ts";
import type { Logger } from "../platform/log.ts";
import type { Worker } from "../platform/worker.ts";
import type { Admission, Admitted } from "../terminals/admission.ts";
import { replaceCredential } from "../terminals/credentials.ts";
import { endLeases, type LeaseDeps, type Leased, lease, takeOver } from "./virtual-leases.ts";

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

interface VirtualDeps extends LeaseDeps {
  log: Logger;
  host: VirtualTerminalHost;
  releaseKeys: (accountId: string) => Promise<ReleasePublicKey[]>;
  connectAt: () => { url: string; ca?: string };
  /** Makes the broker take a credential. */
  admit: (admission: Admission) => Promise<Admitted>;
}

const lookEveryMs = 5_000;

/**
 * Keeps this server's virtual terminals running: leases the ones nobody else runs, gives each a fresh credential and
 * starts it; stops those that were deleted or taken over. `wake` makes it look at once.
 */
export function virtualTerminals(deps: VirtualDeps): { worker: Worker; wake: () => void } {
  let wake = () => {};
  const running = new Set<string>();
  /** Taken over from another server, and not started here yet. */
  const moving = new Set<string>();

  async function look(): Promise<void> {
    for (const terminalId of await takeOver(deps)) {
      moving.add(terminalId);
      // It may have been away and back between two looks, and has another credential then.
      running.delete(terminalId);
    }
    const leased = await lease(deps);
    const wanted = new Set(leased.map((row) => row.terminal_id));
    for (const terminalId of running) if (!wanted.has(terminalId)) await stop(terminalId);
    for (const row of leased) if (!running.has(row.terminal_id)) await start(row);
  }

  /** One that cannot be started is tried again at the next look, and keeps none of the others from starting. */
  async function start(row: Leased): Promise<void> {
    const { account_id, terminal_id } = row;
    try {
      const spec = await specOf(deps, row);
      if (moving.has(terminal_id)) {
        // The other server may have run it up to now, and sent it what was accepted meanwhile.
        await giveUpRecipient(deps.db.sql, { accountId: account_id, terminalId: terminal_id, at: deps.clock.now() });
        moving.delete(terminal_id);
      }
      await deps.host.start(spec);
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
      await endLeases(deps);
    },
  };
  return { worker, wake: () => wake() };
}

/** With a fresh credential; whoever had the one before is sent away. */
async function specOf(
  { db, clock, admit, connectAt, releaseKeys }: VirtualDeps,
  { account_id: accountId, terminal_id: terminalId, device_serial_number: serialNumber }: Leased,
): Promise<VirtualTerminalSpec> {
  const { password, credentialId } = await replaceCredential(db.sql, clock, accountId, terminalId);
  const admitted = await admit({ terminalId, password, generation: credentialId, former: "ends" });
  const { url: mqttUrl, ...trust } = connectAt();
  return { terminalId, serialNumber, mqttUrl, ...trust, ...admitted, releaseKeys: () => releaseKeys(accountId) };
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
