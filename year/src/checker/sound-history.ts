import type { History, StoreHistory, TerminalHistory, ToldClosing, ToldMissed } from "./history.ts";

type Mutable<Part> = Part extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : Part extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Mutable<Value>>
    : Part extends object
      ? { -readonly [Key in keyof Part]: Mutable<Part[Key]> }
      : Part;

/** A history that a test may break. */
export type Broken = Mutable<History>;

const hourMs = 3_600_000;

/** The instant so many hours after the begin of 28 March 2031 in UTC: two nights later clocks change in Oslo. */
export const hour = (hours: number): number => Date.parse("2031-03-28T00:00:00Z") + hours * hourMs;

/** The days of the history, and the hours at which they were closed: at half past eleven in Oslo, before and after the change. */
const closedAt = [
  { label: "2031-03-28", at: 22.5 },
  { label: "2031-03-29", at: 46.5 },
  { label: "2031-03-30", at: 69.5 },
] as const;

/** Two stores in Oslo with a terminal each; the first one sold and was closed on three days. */
export function sound(): Broken {
  const configuration = {
    zone: "Europe/Oslo",
    startsAt: "05:00",
    time: "23:30",
    retryUntil: "04:00",
    spreadMinutes: 0,
    exceptions: [],
  };
  const store = (storeId: string): Mutable<StoreHistory> => ({
    storeId,
    states: [{ at: hour(0), configuration, enabled: true, suspended: false }],
  });
  const terminal = (number: number): Mutable<TerminalHistory> => ({
    terminalId: `T-${number}`,
    faults: [],
    stores: [{ at: hour(0), store: number }],
    devices: [{ from: hour(0), openCountBefore: 0, history: { sales: [], closes: [] } }],
  });
  const history: Broken = {
    stores: [store("S-0"), store("S-1")],
    terminals: [terminal(0), terminal(1)],
    visits: Array.from({ length: 180 }, (_, number) => ({ at: hour(number / 2), until: hour(number / 2) + 15_000 })),
    closings: [],
    missed: [],
    days: new Map(),
    operations: new Map(),
  };
  for (const { label, at } of closedAt) {
    sell(history, at - 8);
    close(history, { label, at });
  }
  return history;
}

/** A sale of the first terminal. */
export function sell(history: Broken, at: number): void {
  history.terminals[0]?.devices[0]?.history.sales.push({ at: hour(at), count: 2, amount: 500 });
}

/** A close of the first terminal, as a closing of that store and day has sent it; the closing's report tells of it. */
export function close(
  history: Broken,
  { label, at, storeId = "S-0" }: { label: string; at: number; storeId?: string },
) {
  const closingId = `closing ${storeId} ${label}`;
  const operationId = `operation ${history.operations.size}`;
  const batch = { id: String(history.operations.size), count: 2, amount: 500 };
  history.terminals[0]?.devices[0]?.history.closes.push({ at: hour(at), operationId, outcome: "closed", batch });
  history.days.set(closingId, { storeId, businessDay: label });
  history.operations.set(operationId, { closingId, terminalId: "T-0" });
  const told: ToldClosing = {
    id: closingId,
    storeId,
    businessDay: label,
    terminals: [{ terminalId: "T-0", state: "closed", closeId: operationId, count: 2, amount: 500 }],
    totals: { batches: 1, count: 2, amount: 500 },
  };
  const known = history.closings.find(({ id }) => id === closingId);
  if (known) known.totals = { batches: 2, count: 4, amount: 1_000 };
  else history.closings.push(structuredClone(told) as Broken["closings"][number]);
}

/** The second day without a close: the close is missing, and so is its report. */
export function leaveOpen(history: Broken): void {
  history.terminals[0]?.devices[0]?.history.closes.splice(1, 1);
  history.closings.splice(1, 1);
  // What was left open is closed with the next day's sales.
  const next = history.terminals[0]?.devices[0]?.history.closes[1];
  if (next?.batch) next.batch = { ...next.batch, count: 4, amount: 1_000 };
  const told = history.closings[1];
  if (!told) return;
  told.totals = { batches: 1, count: 4, amount: 1_000 };
  for (const one of told.terminals) Object.assign(one, { count: 4, amount: 1_000 });
}

/** The event of a day that was missed. */
export function tell(history: Broken, label: string): void {
  const event: ToldMissed = {
    storeId: "S-0",
    businessDay: label,
    reason: "not_closed",
    at: hour(50),
    terminals: ["T-0"],
  };
  history.missed.push({ ...event, terminals: [...event.terminals] });
}
