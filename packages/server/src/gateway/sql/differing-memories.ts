import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import type { Pool } from "pg";
import { batchTable, inBatchOrder } from "../../db/batch-table.ts";
import type { Device } from "../../terminals/record/devices.ts";

interface Believing {
  device: Device;
  believed: Memory;
}

const believing = batchTable<Believing>({
  account_id: ["text", ({ device }) => device.accountId],
  terminal_id: ["text", ({ device }) => device.terminalId],
  address: ["text", ({ device }) => device.address],
  number: ["integer", ({ believed }) => believed.number],
  last_id: ["uuid", ({ believed }) => believed.id ?? null],
});

const text = `
select seen.position::int as position, log.number, log.last_id
from ${believing.numberedAs("seen")}
join terminal_addresses as log
  on log.account_id = seen.account_id and log.address = seen.address and log.terminal_id = seen.terminal_id
where log.number <> seen.number or log.last_id is distinct from seen.last_id`;

/**
 * Compares what each device believes of its log with the stored state. Answers in the order of `batch`: the stored
 * state where it differs, else undefined.
 */
export async function differingMemories(pool: Pool, batch: Believing[]): Promise<(Memory | undefined)[]> {
  const { rows } = await pool.query<{ position: number; number: number; last_id: string | null }>({
    name: "differing_memories",
    text,
    values: believing.values(batch),
  });
  return inBatchOrder(batch, rows).map(
    (row) => row && { number: row.number, ...(row.last_id !== null && { id: row.last_id }) },
  );
}
