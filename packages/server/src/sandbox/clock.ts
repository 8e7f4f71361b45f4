import type { SandboxClock, SandboxClockChange } from "@tillkeeper/contract/http/sandbox";
import { sandboxEndpoints as endpoints } from "@tillkeeper/contract/http/sandbox";
import { sql } from "kysely";
import { recordChange } from "../access/audit/audit.ts";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError, invalidRequest } from "../platform/errors.ts";
import { bind, type Caller, type Route, requireWholeAccount } from "../platform/http/route.ts";
import { StartupError } from "../platform/startup-error.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { durationMs } from "./durations.ts";
import { onlyHere } from "./only-here.ts";

export interface ClockDeps {
  db: Db;
  clock: Clock;
  /** Makes this server go by the moved time at once; others follow within a second. */
  follow: () => Promise<void>;
}

/** Routes of the sandbox's clock. Without `deps`, on a server that is no sandbox, they look as if they did not exist. */
export function clockRoutes(deps: ClockDeps | undefined): Route[] {
  const sandbox = onlyHere(deps);
  return [
    bind(endpoints.readClock, () => shown(sandbox().clock)),
    bind(endpoints.moveClock, ({ caller, body }) => move(sandbox(), caller, body)),
  ];
}

function shown(clock: Clock): SandboxClock {
  return { now: preciseTime(clock.now()), real_now: preciseTime(clock.realNow()), rate: clock.rate() };
}

/** Moves business time of all servers on the database (D38), with an entry in the audit log of the caller's account. */
async function move(deps: ClockDeps, caller: Caller, change: SandboxClockChange): Promise<SandboxClock> {
  requireWholeAccount(caller);
  const { db, clock, follow } = deps;
  const { set_to: setTo = null, advance, rate = null } = change;
  if (setTo !== null && advance !== undefined) {
    throw invalidRequest({ path: "/body/advance", message: "must not come with `set_to`" });
  }
  await requireNoLiveAccount(db);
  const before = shown(clock);
  await inTenant(db, caller.accountId, async (tx) => {
    const advanceMs = advance === undefined ? null : durationMs(advance);
    const { rows } = await sql<{ outcome: string }>`
      select tillkeeper_move_clock(${setTo}::timestamptz, ${advanceMs}::bigint, ${rate}::integer) as outcome`.execute(
      tx,
    );
    refuseUnlessMoved(rows[0]?.outcome, before.now);
    const subject = { type: "clock", id: "sandbox" };
    await recordChange(tx, clock, caller, { action: "clock.move", subject, before, after: change });
  });
  await follow();
  return shown(clock);
}

/**
 * Moves business time to where a new sandbox begins. Throws `StartupError` for an instant that is not ahead, or too far, and for a
 * database with a live account.
 */
export async function beginAt({ db, follow }: Pick<ClockDeps, "db" | "follow">, instant: string): Promise<void> {
  await requireNoLiveAccount(db).catch((error: Error) => {
    throw new StartupError(`The sandbox's clock cannot be moved. ${error.message}`, { cause: error });
  });
  const { rows } = await sql<{ outcome: string }>`
    select tillkeeper_move_clock(${instant}::timestamptz, null::bigint, null::integer) as outcome`.execute(db.sql);
  const outcome = rows[0]?.outcome;
  if (outcome === "too_far" || outcome === "goes_back") {
    const limit = outcome === "too_far" ? "must not be more than 20 years ahead" : "must be ahead of real time";
    throw new StartupError(`The sandbox cannot begin at ${instant}: its clock ${limit}.`);
  }
  await follow();
}

/** Time is the same for all accounts of a database, so a live account keeps it real. */
async function requireNoLiveAccount(db: Db): Promise<void> {
  const live = await db.sql
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "like", "P%")
    .limit(1)
    .executeTakeFirst();
  if (live) throw new ApiError("clock_is_real", "There are live accounts on this database, and their time is real.");
}

function refuseUnlessMoved(outcome: string | undefined, now: string): void {
  const message = "must not be more than 20 years ahead of real time";
  if (outcome === "too_far") throw invalidRequest({ path: "/body", message });
  if (outcome === "goes_back")
    throw new ApiError("clock_cannot_go_back", "The sandbox's time is at or beyond that instant already.", {
      errors: [{ path: "/body/set_to", message: `must be after ${now}` }],
    });
}
