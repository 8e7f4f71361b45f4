import type { AbilityTable } from "@tillkeeper/contract/abilities";
import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import type { TerminalState } from "@tillkeeper/contract/terminal-status";
import { batchTable, inBatchOrder } from "../../db/batch-table.ts";
import type { Db } from "../../db/db.ts";
import { ApiError } from "../../platform/errors.ts";
import { batched } from "../../platform/load/batch.ts";
import type { Device } from "../../terminals/record/devices.ts";

/** What a hello is compared with, to see whether anything is to be done at all. */
export interface HelloOverview {
  state: TerminalState;
  /** The id of the terminal's live operation: it never has two. */
  live: string | null;
  /** How much of the device's log the server has. */
  memory: Memory;
  /** The abilities that the device reported last. */
  abilities: AbilityTable;
}

const greeting = batchTable<Device>({
  account_id: ["text", (device) => device.accountId],
  terminal_id: ["text", (device) => device.terminalId],
  address: ["text", (device) => device.address],
});

const overview = `
select seen.position::int as position, terminals.status, terminals.status_before_inactive as remembered,
  log.number, log.last_id, log.abilities,
  (
    select claim.operation_id from operation_claims as claim
    where claim.account_id = seen.account_id and claim.terminal_id = seen.terminal_id
  ) as live
from ${greeting.numberedAs("seen")}
join terminals on terminals.account_id = seen.account_id and terminals.terminal_id = seen.terminal_id
-- A deleted terminal keeps its credential while its last operation lives. A replaced device has none, and is not
-- answered.
join terminal_credentials as credential
  on credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
  and credential.address = seen.address
join terminal_addresses as log
  on log.account_id = seen.account_id and log.address = seen.address and log.terminal_id = seen.terminal_id`;

type Row = TerminalState &
  Pick<HelloOverview, "live" | "abilities"> & { position: number; number: number; last_id: string | null };

/**
 * Looks up terminals that say hello, many in one statement. After a network failure thousands come per second, and
 * hardly any has work waiting. Answers `undefined` for an address that no terminal has any more, or ever had.
 */
export function helloOverviews(db: Db): (origin: Device) => Promise<HelloOverview | undefined> {
  return batched<Device, HelloOverview | undefined>({
    slots: 2,
    maxBatch: 512,
    maxQueue: 20_000,
    restMs: 20,
    overload: () => new ApiError("service_unavailable", "Too many terminals say hello."),
    run: async (batch) => {
      const { rows } = await db.pool.query<Row>({
        name: "hello_overview",
        text: overview,
        values: greeting.values(batch),
      });
      return inBatchOrder(batch, rows).map((row) => row && toOverview(row));
    },
  });
}

function toOverview({ status, remembered, live, number, last_id, abilities }: Row): HelloOverview {
  const memory = { number, ...(last_id !== null && { id: last_id }) };
  return { state: { status, remembered }, live, memory, abilities };
}
