import type { Edit } from "./edit.ts";

/** A server that is broken on purpose, which the checker must notice. */
interface Variant {
  name: string;
  edits: readonly Edit[];
}

const autopilot = "packages/server/src/closings/autopilot";
const contract = "packages/contract/src/closings";

export const variants: readonly Variant[] = [
  {
    // It reads times as those of a clock in UTC.
    name: "utc",
    edits: [
      {
        file: `${autopilot}/next-due.ts`,
        find: "return firstInstantAt(rules.timeZone, wallMinutes * minuteMs);",
        replace: 'return firstInstantAt(rules ? "UTC" : "", wallMinutes * minuteMs);',
      },
    ],
  },
  {
    // In a night in which clocks change it reckons with the offset from before the change.
    name: "old-offset",
    edits: [
      {
        file: "packages/server/src/closings/days/time-zone.ts",
        find: "const after = offsetMs(timeZone, wallMs + 2 * dayMs);",
        replace: "const after = before;",
      },
    ],
  },
  {
    // A server that was started just now plans anew, and so forgets the day that is running.
    name: "forgets-after-restart",
    edits: [
      {
        file: `${autopilot}/worker.ts`,
        find: "decide(plan, place, now)",
        replace: "decide(plan, process.uptime() < 8 ? { day: null, askedAt: null, until: null } : place, now)",
      },
    ],
  },
  {
    // It stops trying three hours before it may.
    name: "gives-up-early",
    edits: [
      {
        file: `${contract}/view.ts`,
        find: "retries: day.now < day.retryUntil &&",
        replace: "retries: day.now.getTime() < day.retryUntil.getTime() - 3 * 3_600_000 &&",
      },
    ],
  },
  {
    // A terminal that is in the middle of a payment is not tried again.
    name: "ignores-busy",
    edits: [
      {
        file: `${contract}/attempts.ts`,
        find: '  busy_payment: { pauseMs: pauses.busy_payment, step: "finish_payment" },\n',
        replace: "",
      },
    ],
  },
  {
    // It goes on closing a terminal for the store from which it has moved.
    name: "closes-for-the-former-store",
    edits: [
      {
        file: "packages/server/src/closings/sql/facts.ts",
        find: `own.store_ref = asked."storeRef" and own.status`,
        replace: `asked."storeRef" = coalesce((
      select earlier.store_ref from closing_terminals as member
      join closings as earlier on earlier.account_id = member.account_id and earlier.id = member.closing_id
      where member.account_id = own.account_id and member.terminal_id = own.terminal_id
      order by earlier.business_day limit 1), own.store_ref) and own.status`,
      },
    ],
  },
  {
    // It closes once more each hour what sold since.
    name: "closes-again",
    edits: [
      {
        file: `${autopilot}/move-on.ts`,
        find: "return to({ day: decision.due.day, askedAt: now, until: decision.due.until }, nextLook(decision.due.until));",
        replace:
          "return to({ day: decision.due.day, askedAt: null, until: null }, new Date(now.getTime() + 3_600_000));",
      },
      {
        file: `${autopilot}/close-due.ts`,
        find: "const body = { business_day: day, retry_until: retryUntil.toISOString() };",
        replace: "const body = { again: true, business_day: day, retry_until: retryUntil.toISOString() };",
      },
    ],
  },
  {
    // No mail is sent about a missed day.
    name: "tells-nobody",
    edits: [
      {
        file: `${autopilot}/move-on.ts`,
        find: "event && moved.has(from.storeRef)",
        replace: "event && !moved.has(from.storeRef)",
      },
    ],
  },
  {
    // A report leaves one of a day's batches out.
    name: "wrong-sums",
    edits: [
      {
        file: "packages/server/src/closings/reading/totals.ts",
        find: "const told = batches.flatMap(",
        replace: "const told = batches.slice(0, 1).flatMap(",
      },
    ],
  },
];
