import { describe, expect, it } from "vitest";
import { dayTotals } from "./day.ts";
import { closeDay, newTerminalState, stateAfterClose } from "./state.ts";

const serial = "SIMULATED-T12345678-001";
const noon = Date.parse("2026-06-29T12:00:00.000Z");
const hours = (count: number) => noon + count * 3_600_000;

describe("a terminal that was closed at another place", () => {
  it("goes on from that close: the next batch has the next number, and no purchase is counted twice", () => {
    const first = closeDay(serial, newTerminalState(noon), noon);
    const elsewhere = closeDay(serial, first.state, hours(3));
    const moved = stateAfterClose(newTerminalState(hours(4)), elsewhere.result);
    expect(moved).toMatchObject({ batch_number: 3, start_of_day_at: elsewhere.result.last_end_of_day_at });
    const back = stateAfterClose(first.state, elsewhere.result);
    for (const state of [moved, back]) {
      const { result } = closeDay(serial, state ?? first.state, hours(8));
      expect(result).toMatchObject({ batch_id: "000003", ...dayTotals(serial, hours(3), hours(8)) });
    }
  });

  it("keeps what it knows itself when nothing later is known", () => {
    const { result, state } = closeDay(serial, newTerminalState(noon), noon);
    expect(stateAfterClose(state, result)).toBeUndefined();
    expect(stateAfterClose(closeDay(serial, state, hours(1)).state, result)).toBeUndefined();
    expect(stateAfterClose(newTerminalState(noon), undefined)).toBeUndefined();
    expect(
      stateAfterClose(newTerminalState(noon), { outcome: "accepted", batch_id: "of another maker" }),
    ).toBeUndefined();
  });
});
