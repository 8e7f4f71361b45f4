import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { PutInTrade, TimedControls } from "@tillkeeper/contract/simulated-work";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import { findLastClose } from "../operations/commands.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { every, type Worker } from "../platform/worker.ts";
import type { BrokerGrant, MqttLogin } from "../terminals/credentials/broker-grant.ts";
import { changePassword, replaceCredential } from "../terminals/credentials/replace-credential.ts";
import { generationOf } from "../terminals/credentials/token-end.ts";
import { controlsOf, tradeSince } from "./controls.ts";
import { endLeases, type LeaseDeps, type Leased, lease, noteAddress, takeOverExpiredLeases } from "./leases.ts";

/** Business time, in epoch milliseconds, and how many of its seconds pass in a second. */
interface BusinessTime {
  now(): number;
  rate(): number;
}

/** What a virtual terminal needs to connect like a real one. */
export interface VirtualTerminalSpec {
  terminalId: string;
  address: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
  /** Answers the account's live release keys; called at each check_update. */
  releaseKeys?: () => Promise<ReleasePublicKey[]>;
  /** The terminal's last close, which another server may have run. */
  lastClose?: EndOfDayResult | undefined;
  /** Names this registration: the journal of an earlier terminal of that id, before a reset, is not its own. */
  life?: string;
  /** How it is made to behave over HTTP. */
  controls?: TimedControls;
  /** What was put into its batches since `lastClose`. */
  trade?: PutInTrade[];
  /** The server's business time, which the terminal's own clock shows; left out, the machine's. */
  time?: BusinessTime;
  /** To be called when the journal is lost, or is an old copy: the terminal is restarted with another address. */
  memoryLost?: () => void;
  clientId: string;
  /** PEM text of the certificates to trust, in place of the system's. */
  ca?: string;
}

/**
 * Runs virtual terminals. The program that starts the server supplies it, so that the server does not depend on the
 * agent. Either function may throw; the worker then tries again at its next look.
 */
export interface VirtualTerminalHost {
  start(spec: VirtualTerminalSpec): void | Promise<void>;
  stop(terminalId: string): void | Promise<void>;
  /** Makes a terminal behave in another way; resolves with false when it does not run. A host without it plays no controls. */
  control?(terminalId: string, timed: TimedControls): Promise<boolean>;
  /**
   * Puts a purchase or refund into the open batch. Calls `store` with the instant that it has by the terminal's clock, until it
   * succeeds, and counts it when that answers true. Resolves with false when the terminal does not run.
   */
  putIn?(
    terminalId: string,
    trade: Omit<PutInTrade, "atMs">,
    store: (atMs: number) => Promise<boolean>,
  ): Promise<boolean>;
  /** Whether a terminal runs here. */
  runs?(terminalId: string): boolean;
  /**
   * Closes the day at the terminal's menu, unless it was closed since the instant `once`. Resolves with the result, and
   * with undefined while an operation closes it and when the terminal does not run.
   */
  closeByHand?(terminalId: string, once: number): Promise<EndOfDayResult | undefined>;
}

interface VirtualDeps extends LeaseDeps {
  clock: Clock;
  log: Logger;
  host: VirtualTerminalHost;
  releaseKeys: (accountId: string) => Promise<ReleasePublicKey[]>;
  connectAt: () => { url: string; ca?: string };
  /** Makes the broker accept a credential; see `DeviceTransport.admit`. */
  admit: (admission: BrokerGrant) => Promise<MqttLogin>;
}

const lookEveryMs = 5_000;

/**
 * Keeps this server's virtual terminals running: leases those that no other server runs, gives each a fresh credential and
 * starts it; stops those that were deleted or taken over. It looks at once when it is woken.
 */
export function virtualTerminalWorker(deps: VirtualDeps): Worker {
  /** When each was registered that runs here. */
  const running = new Map<string, number>();
  const memoriesLost = new Set<string>();

  async function look(): Promise<void> {
    // A lease lost and regained between two looks: its credential has been replaced meanwhile.
    for (const terminalId of [...(await takeOverExpiredLeases(deps)), ...memoriesLost]) running.delete(terminalId);
    const leased = await lease(deps);
    const wanted = new Map(leased.map((row) => [row.terminal_id, row.created_at.getTime()]));
    for (const [terminalId, life] of running) if (wanted.get(terminalId) !== life) await stop(terminalId);
    for (const row of leased) if (!running.has(row.terminal_id)) await start(row);
  }

  /** Starts a terminal. After a failure it is tried again at the next look; the other terminals start all the same. */
  async function start(row: Leased): Promise<void> {
    const { terminal_id } = row;
    const memoryLost = () => {
      memoriesLost.add(terminal_id);
      worker.wake();
    };
    const address = memoriesLost.has(terminal_id) ? null : row.address;
    try {
      const spec = await specOf(deps, { ...row, address });
      memoriesLost.delete(terminal_id);
      await deps.host.start({ ...spec, memoryLost });
      running.set(terminal_id, row.created_at.getTime());
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

  async function stopAll(): Promise<void> {
    for (const terminalId of running.keys()) await stop(terminalId);
    await endLeases(deps);
  }

  const worker = every("gateway.virtual_terminals", lookEveryMs, look, { end: stopAll });
  return worker;
}

/** Makes a fresh password. The address changes too, unless this server has the journal of the former address. */
async function specOf(deps: VirtualDeps, row: Leased): Promise<VirtualTerminalSpec> {
  const { account_id: accountId, terminal_id: terminalId, device_serial_number: serialNumber } = row;
  const { address, password, former } = await credentialOf(deps, row);
  const admitted = await deps.admit({ address, password, former, generation: generationOf({ token_lapses: 0 }) });
  const { url: mqttUrl, ...trust } = deps.connectAt();
  const releaseKeys = () => deps.releaseKeys(accountId);
  const lastClose = await findLastClose(deps.db.sql, accountId, terminalId);
  const time = { now: () => deps.clock.now().getTime(), rate: () => deps.clock.rate() };
  const controls = await controlsOf(deps.db.sql, { accountId, terminalId });
  const trade = await tradeSince(deps.db.sql, { accountId, terminalId }, lastClose?.last_end_of_day_at);
  const behaviour = { controls, trade, lastClose, time, life: String(row.created_at.getTime()) };
  return { terminalId, address, serialNumber, mqttUrl, ...trust, ...admitted, releaseKeys, ...behaviour };
}

async function credentialOf(deps: VirtualDeps, row: Leased) {
  const { db, clock } = deps;
  const { account_id: accountId, terminal_id: terminalId, address } = row;
  const password = newSecret();
  if (address !== null && (await changePassword(db.sql, { accountId, address }, password))) {
    return { address, password, former: undefined };
  }
  const replaced = await replaceCredential(db.sql, clock, { accountId, terminalId }, { password });
  await noteAddress(deps, row, replaced.address);
  return { ...replaced, password };
}
