import type { Memory } from "@tillkeeper/contract/mqtt";
import type { Pool } from "pg";
import type { Device } from "../../terminals/record/devices.ts";

const text = `
select seen.position::int as position, log.number, log.last_id
from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::uuid[]) with ordinality
  as seen (account_id, terminal_id, address, number, last_id, position)
join terminal_addresses as log
  on log.account_id = seen.account_id and log.address = seen.address and log.terminal_id = seen.terminal_id
where log.number <> seen.number or log.last_id is distinct from seen.last_id`;

/** For each device in order how much of its log is here, where that is not what it believes. */
export async function differingMemories(
  pool: Pool,
  batch: { device: Device; believed: Memory }[],
): Promise<(Memory | undefined)[]> {
  const { rows } = await pool.query<{ position: number; number: number; last_id: string | null }>({
    name: "differing_memories",
    text,
    values: [
      batch.map(({ device }) => device.accountId),
      batch.map(({ device }) => device.terminalId),
      batch.map(({ device }) => device.address),
      batch.map(({ believed }) => believed.number),
      batch.map(({ believed }) => believed.id ?? null),
    ],
  });
  const found: (Memory | undefined)[] = batch.map(() => undefined);
  // PostgreSQL counts from 1.
  for (const { position, number, last_id: id } of rows) found[position - 1] = { number, ...(id !== null && { id }) };
  return found;
}
