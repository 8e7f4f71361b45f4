import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

/** Counts unfinished work at the servers, by their own tables. It paces the run, and proves nothing. */
interface UnderWay {
  /** Stores, closings and operations whose time has come, or that a server has claimed. */
  due: number;
  /** Terminals with an operation that has not ended. */
  pending: string[];
  /** Whether closings wait for the next seconds. */
  soon: boolean;
}

const lookEveryMs = 15;
const longestMs = 20_000;

const statement = `
  select (select count(*) from store_autopilot where look_at <= $1 or look_at between $2 and $3)::int
    + (select count(*) from closings where look_at <= $1 or look_at between $2 and $3)::int
    + (select count(*) from operation_claims where terminal_id is not null and deadline <= $1)::int as due,
    (select coalesce(array_agg(terminal_id), '{}') from operation_claims where terminal_id is not null) as pending,
    exists (select from closings where look_at <= $4) as soon`;

async function look(database: pg.Pool, now: number, soonMs: number): Promise<UnderWay> {
  const times = [now, now + 22_000, now + 30_500, now + soonMs].map((at) => new Date(at));
  const { rows } = await database.query<UnderWay>(statement, times);
  return rows[0] as UnderWay;
}

interface Wait {
  database: pg.Pool;
  now: () => number;
  /** Whether a terminal is about to answer. */
  answers: (terminalId: string) => boolean;
  soonMs: number;
}

/** Waits until servers and terminals have done what can be done now. Answers whether closings go on in the next seconds. */
export async function quiet({ database, now, answers, soonMs }: Wait): Promise<{ soon: boolean; tookMs: number }> {
  const began = performance.now();
  let calm = 0;
  for (;;) {
    const { due, pending, soon } = await look(database, now(), soonMs);
    calm = due === 0 && !pending.some(answers) ? calm + 1 : 0;
    const tookMs = performance.now() - began;
    // Twice in a row: between two steps of a server nothing may be to be seen.
    if (calm >= 2 || tookMs > longestMs) return { soon, tookMs };
    await sleep(lookEveryMs);
  }
}
