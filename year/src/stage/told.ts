import { until } from "@tillkeeper/stage/until";
import type pg from "pg";
import type { Terminal } from "../devices/terminal.ts";

/** After a close the server may hear so late that the batch is empty: it closes no store twice in a night. */
const sameNightMs = 6 * 3_600_000;
const heartbeatMs = 1_200;

interface Wait {
  database: pg.Pool;
  members: readonly { terminalId: string; device: Terminal }[];
  at: number;
  signal: AbortSignal;
}

/**
 * Waits until the server knows whether the batches of these terminals are open. A real terminal says so each minute, which is no
 * time here; what a killed server had heard is said again.
 */
export async function untilTold({ database, members: matters, at, signal }: Wait): Promise<void> {
  if (matters.length === 0) return;
  let againAt = performance.now() + heartbeatMs;
  const told = async () => {
    const { rows } = await database.query<{ terminal_id: string; count: number; at: Date }>(
      `select terminal_id, (value->>'transactions_count')::int as count, at from terminal_telemetry
         where field = 'open_batch'`,
    );
    const batches = new Map(rows.map((row) => [row.terminal_id, row]));
    const untold = matters.filter(({ terminalId, device }) => !isTold(device, batches.get(terminalId), at));
    if (untold.length > 0 && performance.now() >= againAt) {
      for (const { device } of untold) device.say();
      againAt = performance.now() + heartbeatMs;
    }
    return untold.length === 0;
  };
  await until(told, "the server to know the open batches", { everyMs: 20, signal });
}

function isTold(device: Terminal, told: { count: number; at: Date } | undefined, at: number): boolean {
  if (device.openCount > 0) return told !== undefined && told.count > 0;
  const { closedAt } = device;
  return at - closedAt < sameNightMs || (told?.count === 0 && told.at.getTime() >= closedAt);
}
