import { describe, expect, it } from "vitest";
import { breakages } from "./breakages.ts";
import { check } from "./check.ts";
import { addClose, loseAccepted, refuse } from "./closes-history.ts";
import { addEvents, at, type Broken, creation, healthy, intentOf, look, operation, time } from "./sound-history.ts";

/** With the events that its rows would have. */
function checkTold(history: Broken) {
  addEvents(history);
  return check(history);
}

describe("the checker", () => {
  it("finds nothing in a history in which every promise was kept", () => {
    expect(checkTold(healthy())).toEqual([]);
  });

  it.each(breakages)("finds that %s", (_, promise, breakIt) => {
    const history = healthy();
    breakIt(history);
    expect(new Set(checkTold(history).map((violation) => violation.promise))).toEqual(new Set([promise].flat()));
  });

  it("lets the lost seconds take what nobody had begun, and hears it again otherwise", () => {
    const history = healthy();
    history.lost.push({ from: at(19), to: at(29) });
    loseAccepted(history, 20);
    addClose(history, { number: 12, accepted: 21, began: 22, ended: 23, answered: 33 });
    const request = {
      wish: "wish-12",
      status: "COMPLETED",
      result: { outcome: "accepted", batch_id: "op-12" },
    } as const;
    // The request was repeated with its key and got the close's result. Another close was accepted before the server
    // knew of the first.
    const again = operation("op-14", "wish-12", {
      operation: "end_of_day",
      status: request.status,
      result: request.result,
      updated_at: time(32),
      deadline: time(40),
      phases: { accepted: time(30), answered: time(32) },
    });
    history.client.push(
      creation(
        "wish-12",
        30,
        { status: 201, operation: again },
        { intent: intentOf("wish-12", { operation: "end_of_day" }) },
      ),
      {
        type: "look",
        operationId: "op-9",
        sentAt: at(30),
        answeredAt: at(31),
        reply: { status: 404, code: "operation_not_found" },
      },
    );
    history.rows.push(again);
    refuse(history, 31);
    expect(checkTold(history)).toEqual([]);
    history.lost = [];
    expect(new Set(checkTold(history).map(({ promise }) => promise))).toEqual(
      new Set(["accepted_exists", "one_operation_per_request", "documented_answers"]),
    );
  });

  it("lets time stand still while no server was up", () => {
    const history = healthy();
    history.client.push(look(operation("op-2", "wish-2", { deadline: time(25) }), 26.05));
    history.client = history.client.filter((event) => event.type !== "look" || event.sentAt !== at(26.1));
    history.client.push(look(operation("op-2", "wish-2", { deadline: time(25) }), 29));
    expect(checkTold(history)).toMatchObject([{ promise: "ended_in_time" }]);
    history.uptime = [
      { from: at(0), to: at(25.5) },
      { from: at(28.5), to: at(40) },
    ];
    expect(checkTold(history)).toEqual([]);
  });

  it("does not take a replayed answer, which says PENDING for ever, for a state", () => {
    const history = healthy();
    history.client.push(
      creation("wish-2", 35, { status: 201, operation: operation("op-2", "wish-2", { deadline: time(25) }) }),
    );
    expect(checkTold(history)).toEqual([]);
  });
});
