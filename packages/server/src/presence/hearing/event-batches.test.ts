import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLogger } from "../../platform/log/log.ts";
import type { PresenceEvent } from "../status/state.ts";
import { EventBatches } from "./event-batches.ts";
import type { TerminalEvents } from "./write.ts";

const of = (terminalId: string) => ({ accountId: "T10000001", terminalId });
const at = new Date("2026-06-29T12:00:00.000Z");
const beat = (session = "A", code?: string): PresenceEvent => ({
  kind: "heartbeat",
  at,
  session,
  nextExpectedAt: at,
  address: "T1-D1",
  roundTripMs: null,
  fault: code === undefined ? null : { code },
});
const heard: PresenceEvent = { kind: "heard", at, nextExpectedAt: at, address: "T1-D1" };
const hello: PresenceEvent = { kind: "hello", at, session: "A", nextExpectedAt: at, address: "T1-D1" };
const gone: PresenceEvent = { kind: "gone", at, session: "A" };

describe("batches", () => {
  let written: TerminalEvents[][];
  let failing: boolean;
  let busy: Set<string>;
  let batches: EventBatches;
  const kindsOf = (batch: TerminalEvents[] | undefined) =>
    Object.fromEntries((batch ?? []).map(({ terminalId, events }) => [terminalId, events.map(({ kind }) => kind)]));
  beforeEach(() => {
    vi.useFakeTimers();
    written = [];
    failing = false;
    busy = new Set();
    batches = new EventBatches({
      log: createLogger("silent"),
      write: async (told) => {
        if (failing) throw new Error("away");
        written.push(told.filter(({ terminalId }) => !busy.has(terminalId)).map((one) => ({ ...one })));
        return busy;
      },
    });
  });
  afterEach(() => vi.useRealTimers());

  it("tries those again that are in other hands, and whoever waits for it waits on", async () => {
    busy.add("a");
    let welcomed = false;
    void batches.now(of("a"), hello).then(() => (welcomed = true));
    await batches.now(of("b"), hello);
    await vi.advanceTimersByTimeAsync(500);
    batches.later(of("a"), heard);
    expect([written.map(kindsOf), welcomed]).toEqual([[{}, { b: ["hello"] }], false]);
    busy.clear();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written.map(kindsOf).at(-1)).toEqual({ a: ["hello", "heard"] });
    expect(welcomed).toBe(true);
  });

  it("writes the heartbeats of a second together, one for each terminal", async () => {
    for (let count = 0; count < 5; count += 1) for (const id of ["a", "b"]) batches.later(of(id), beat());
    batches.later(of("a"), heard);
    await vi.advanceTimersByTimeAsync(999);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(written.map(kindsOf)).toEqual([{ a: ["heartbeat"], b: ["heartbeat"] }]);
  });

  it("writes what changes something at once, with what was heard of that terminal before, in order", async () => {
    batches.later(of("a"), beat());
    batches.later(of("b"), beat());
    await batches.now(of("a"), gone);
    expect(written.map(kindsOf)).toEqual([{ a: ["heartbeat", "gone"] }]);
  });

  it("lets what changes something wait a moment after a batch of several, and no longer", async () => {
    const first = ["a", "b", "c"].map((id) => batches.now(of(id), gone));
    await Promise.all(first);
    expect(written.map((batch) => batch.length)).toEqual([1, 2]);
    const next = ["d", "e"].map((id) => batches.now(of(id), gone));
    await vi.advanceTimersByTimeAsync(19);
    expect(written).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(next);
    expect(written.map((batch) => batch.length)).toEqual([1, 2, 2]);
    await vi.advanceTimersByTimeAsync(20);
    for (const id of ["f", "g"]) await batches.now(of(id), gone);
    expect(written.map((batch) => batch.length)).toEqual([1, 2, 2, 1, 1]);
  });

  it("keeps that a fault came and went", async () => {
    batches.later(of("a"), beat("A", "tamper"));
    batches.later(of("a"), beat("A", "tamper"));
    batches.later(of("a"), beat());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(kindsOf(written[0])).toEqual({ a: ["heartbeat", "heartbeat"] });
  });

  it("tries again what could not be written, but for a hello, which comes again by itself", async () => {
    failing = true;
    batches.later(of("a"), beat());
    await expect(batches.now(of("a"), gone)).rejects.toThrow("away");
    await expect(batches.now(of("b"), hello)).rejects.toThrow("away");
    for (let count = 0; count < 1_000; count += 1) batches.later(of("a"), beat(`S${count}`));
    await vi.advanceTimersByTimeAsync(5_000);
    failing = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written).toHaveLength(1);
    expect(Object.keys(kindsOf(written[0]))).toEqual(["a"]);
    // Kept up to a limit.
    expect(written[0]?.[0]?.events).toHaveLength(50);
  });

  it("writes all that waits when it is flushed, and leaves no timer", async () => {
    batches.later(of("a"), beat());
    await batches.flush();
    expect(written.map(kindsOf)).toEqual([{ a: ["heartbeat"] }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
