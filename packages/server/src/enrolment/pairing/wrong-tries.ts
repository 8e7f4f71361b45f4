import { pairingCodeMoves, pairingLimits } from "@tillkeeper/contract/pairing";
import { type Actor, recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import { batched } from "../../platform/load/batch.ts";
import { type CodeRow, lockOpenCode, setCode } from "./queries.ts";

/** Where a request came from. */
export interface Peer {
  address: string;
  requestId: string;
}

/** The code that a wrong try is counted on; for a serial number without a code, a code that does not exist. */
export type CountedCode = Pick<CodeRow, "account_id" | "terminal_id" | "id">;

export interface WrongTries {
  /**
   * Counts a wrong try; resolves when it is stored. `serialNumber`, as it was sent, separates tries on codes that do
   * not exist.
   */
  count(serialNumber: string, code: CountedCode, peer: Peer): Promise<void>;
}

interface Counter {
  waiting: number;
  add(peer: Peer): Promise<void>;
}

const mostAtOnce = 1_000;

/**
 * Counts wrong tries in the code's row, so that the limit holds over all servers. Simultaneous tries of one code are
 * stored together: a flood of them holds one database connection, and the row's lock only for moments.
 */
export function createWrongTries({ db, clock }: { db: Db; clock: Clock }): WrongTries {
  const counters = new Map<string, Counter>();
  const counterOf = (key: string, code: CountedCode): Counter => {
    const known = counters.get(key);
    if (known) return known;
    const add = batched<Peer, void>({
      run: async (peers) => {
        await inTenant(db, code.account_id, (tx) => store(tx, clock, code, peers));
        return peers.map(() => undefined);
      },
      slots: 1,
      maxBatch: mostAtOnce,
      maxQueue: mostAtOnce * 10,
      overload: () => new ApiError("service_unavailable", "Too many devices try to pair at once."),
    });
    const counter = { waiting: 0, add };
    counters.set(key, counter);
    return counter;
  };
  return {
    async count(serialNumber, code, peer) {
      const key = `${code.id} ${serialNumber}`;
      const counter = counterOf(key, code);
      counter.waiting += 1;
      try {
        await counter.add(peer);
      } finally {
        counter.waiting -= 1;
        if (counter.waiting === 0) counters.delete(key);
      }
    },
  };
}

async function store(tx: Tx, clock: Clock, { account_id, terminal_id, id }: CountedCode, peers: Peer[]): Promise<void> {
  const code = await lockOpenCode(tx, { accountId: account_id, terminalId: terminal_id });
  // The code was used, replaced or exhausted meanwhile.
  if (code?.id !== id) return;
  const failed_attempts = code.failed_attempts + peers.length;
  const wrong_tries_from = addTries(code.wrong_tries_from, peers);
  const exhausted = failed_attempts >= pairingLimits.wrongTries;
  await setCode(tx, code, {
    failed_attempts,
    wrong_tries_from: JSON.stringify(wrong_tries_from),
    ...(exhausted && { status: pairingCodeMoves.guessed_too_often }),
  });
  const isReported = pairingLimits.wrongTriesAudited.some(
    (tries) => code.failed_attempts < tries && tries <= failed_attempts,
  );
  const last = peers.at(-1);
  if (!last || (!isReported && !exhausted)) return;
  const actor: Actor = { accountId: account_id, clientId: "system", ...last };
  await recordChange(tx, clock, actor, {
    action: exhausted ? "terminal.exhaust_pairing_code" : "terminal.guess_pairing_code",
    subject: { type: "terminal", id: terminal_id },
    after: {
      id,
      device_serial_number: code.device_serial_number,
      failed_attempts,
      ...presentTries(wrong_tries_from, failed_attempts),
    },
  });
}

type TriesFrom = Record<string, number>;

/**
 * Counts tries by network. Only the first networks are named, so that a stranger with many addresses does not make the
 * row grow.
 */
function addTries(known: TriesFrom, peers: Peer[]): TriesFrom {
  const tries = new Map(Object.entries(known));
  for (const { address } of peers) {
    const network = networkOf(address);
    const before = tries.get(network);
    if (before === undefined && tries.size >= pairingLimits.wrongTriesAddresses) continue;
    tries.set(network, (before ?? 0) + 1);
  }
  return Object.fromEntries(tries);
}

function presentTries(from: TriesFrom, all: number) {
  const addresses = Object.entries(from).map(([network, tries]) => {
    return { address: network.includes(":") ? `${network}::/64` : network, tries };
  });
  const others = addresses.reduce((rest, { tries }) => rest - tries, all);
  return { addresses, ...(others > 0 && { tries_from_others: others }) };
}
