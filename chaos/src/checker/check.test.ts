import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import type { Promised } from "./history.ts";
import {
  at,
  type Broken,
  began,
  completed,
  creation,
  ended,
  healthy,
  intentOf,
  late,
  look,
  operation,
  result,
  terminal,
  time,
} from "./sound-history.ts";

const replaceRow = (history: Broken, id: string, values: object) => {
  history.rows = history.rows.map((row) => (row.id === id ? { ...row, ...values } : row));
};

/** Each breaks a promise; named are all the checks that must find it, and no other may. */
const breakages: [string, Promised | Promised[], (history: Broken) => void][] = [
  [
    "an accepted operation is gone",
    "accepted_exists",
    (history) => {
      const gone = operation("op-9", "wish-9", { operation: "open_menu" });
      const intent = intentOf("wish-9", { operation: "open_menu" });
      history.client.push(creation("wish-9", 30, { status: 201, operation: gone }, { intent }));
    },
  ],
  [
    "an accepted operation is another one",
    "accepted_exists",
    (history) => replaceRow(history, "op-1", { operation: "open_menu" }),
  ],
  [
    "two answers to one key name two operations",
    ["one_operation_per_request", "accepted_exists"],
    (history) => {
      const other = operation("op-2", "wish-2", { deadline: time(25) });
      history.client.push(
        creation("wish-2", 30, { status: 201, operation: { ...other, id: "op-1", deadline: time(10) } }),
      );
    },
  ],
  [
    "a request whose answer nobody saw made two operations",
    "one_operation_per_request",
    (history) => {
      history.client.push(creation("wish-4", 30, { unknown: "reset" }), creation("wish-4", 31, { unknown: "reset" }));
      const made = { status: "FAILED", reason: "cancelled", deadline: time(41) } as const;
      history.rows.push(operation("op-4", "wish-4", made), operation("op-5", "wish-4", made));
    },
  ],
  [
    "a refused request made an operation",
    "refused_made_nothing",
    (history) => history.rows.push(operation("op-3", "wish-3", { status: "TIMEOUT", reason: "no_answer" })),
  ],
  [
    "there is an operation that nobody asked for",
    "refused_made_nothing",
    (history) => history.rows.push(operation("op-6", "wish-6", { status: "TIMEOUT", reason: "no_answer" })),
  ],
  ["an operation was begun twice", "executed_once", (history) => history.agents.push(began("op-1", 4))],
  [
    "a terminal executed what does not exist",
    "executed_once",
    (history) => history.agents.push(began("op-9", 4), ended("op-9", 5)),
  ],
  [
    "a terminal began it too late",
    "begun_in_time",
    (history) => {
      history.agents = history.agents.filter(({ operationId }) => operationId !== "op-2");
      history.agents.push(began("op-2", 25.5), ended("op-2", 27, { status: "COMPLETED", result: late.result }));
    },
  ],
  [
    "the database was seen with two PENDING operations",
    "one_pending",
    (history) => history.doubles.push({ at: at(3), terminalId: terminal, pending: 2 }),
  ],
  [
    "an operation was accepted while another was surely PENDING",
    "one_pending",
    (history) => {
      const [, second] = history.client.filter(({ type, reply }) => type === "create" && "status" in reply);
      history.client = history.client.filter((event) => event !== second);
      const row = operation("op-7", "wish-7", { status: "TIMEOUT", reason: "no_answer", deadline: time(12) });
      history.rows.push({ ...row, updated_at: time(12) });
      history.client.push(creation("wish-7", 6, { status: 201, operation: { ...row, status: "PENDING" } }));
    },
  ],
  [
    "an operation was still PENDING long after its deadline",
    "ended_in_time",
    (history) => history.client.push(look(operation("op-2", "wish-2", { deadline: time(25) }), 26.4)),
  ],
  [
    "an operation ended too late, by what the database says",
    "ended_in_time",
    (history) => {
      history.client = history.client.filter(({ type }) => type !== "look");
      replaceRow(history, "op-2", { late_result: undefined, updated_at: time(27) });
      history.agents = history.agents.filter(({ operationId }) => operationId !== "op-2");
    },
  ],
  [
    "an operation never ended",
    "ended_in_time",
    (history) => {
      history.client.push(creation("wish-8", 28, { unknown: "reset" }));
      history.rows.push(operation("op-8", "wish-8", { deadline: time(33) }));
    },
  ],
  [
    "a result is not the terminal's",
    ["very_result", "no_answer_lost"],
    (history) => {
      history.client = history.client.filter(({ type }) => type !== "look");
      replaceRow(history, "op-1", { result: { ...result, current_version: "v-other" } });
    },
  ],
  [
    "an operation is COMPLETED although its terminal never ended it",
    "very_result",
    (history) => {
      history.agents = history.agents.filter(({ operationId }) => operationId !== "op-1");
    },
  ],
  [
    "an operation that was begun was forgotten in a crash",
    "no_answer_lost",
    (history) => {
      replaceRow(history, "op-2", { late_result: undefined });
      history.agents = history.agents.filter(({ type, operationId }) => type === "began" || operationId !== "op-2");
    },
  ],
  ["a late answer is lost", "no_answer_lost", (history) => replaceRow(history, "op-2", { late_result: undefined })],
  [
    "an answer that came in time became a timeout",
    ["no_answer_lost", "one_pending"],
    (history) => {
      history.client = history.client.filter(({ type }) => type !== "look");
      replaceRow(history, "op-1", { status: "TIMEOUT", reason: "no_answer", result: undefined, updated_at: time(10) });
    },
  ],
  [
    "an end of day was carried out and cancelled",
    "cancelled_not_done",
    (history) => {
      const intent = intentOf("wish-10", { operation: "end_of_day" });
      const made = operation("op-10", "wish-10", { operation: "end_of_day", deadline: time(45) });
      history.client.push(creation("wish-10", 30, { status: 201, operation: made }, { intent }));
      history.agents.push(began("op-10", 31), ended("op-10", 32));
      const row = {
        status: "FAILED",
        reason: "cancelled",
        late_result: { ...completed, finished_at: time(32) },
      } as const;
      history.rows.push({ ...made, ...row });
    },
  ],
  [
    "an end changed after a client had seen it",
    "end_is_final",
    (history) => history.client.push(look({ ...operation("op-2", "wish-2"), status: "FAILED", reason: "refused" }, 26)),
  ],
  [
    "what was answered as cancelled was not",
    "end_is_final",
    (history) => {
      const reply = { status: 200, operation: operation("op-1", "wish-1") };
      history.client.push({ type: "cancel", operationId: "op-1", sentAt: at(1), answeredAt: at(1.1), reply });
    },
  ],
  [
    "an answer was a fault of the server",
    "documented_answers",
    (history) => history.client.push(creation("wish-3", 30, { status: 500, code: "internal_error" })),
  ],
  [
    "a 409 does not say when to come again",
    "documented_answers",
    (history) =>
      history.client.push(creation("wish-3", 30, { status: 409, code: "operation_pending", retryAfter: "0" })),
  ],
  [
    "an answer does not have the documented form",
    "documented_answers",
    (history) => history.client.push(creation("wish-3", 30, { status: 503, retryAfter: "1" })),
  ],
  [
    "a look found nothing",
    "documented_answers",
    (history) => {
      const reply = { status: 404, code: "operation_not_found" };
      history.client.push({ type: "look", operationId: "op-1", sentAt: at(4), answeredAt: at(4.1), reply });
    },
  ],
];

describe("the checker", () => {
  it("finds nothing in a history in which every promise was kept", () => {
    expect(check(healthy())).toEqual([]);
  });

  it.each(breakages)("finds that %s", (_, promise, breakIt) => {
    const history = healthy();
    breakIt(history);
    expect(new Set(check(history).map((violation) => violation.promise))).toEqual(new Set([promise].flat()));
  });

  it("lets time stand still while no server was up", () => {
    const history = healthy();
    history.client.push(look(operation("op-2", "wish-2", { deadline: time(25) }), 26.05));
    history.client = history.client.filter((event) => event.type !== "look" || event.sentAt !== at(26.1));
    history.client.push(look(operation("op-2", "wish-2", { deadline: time(25) }), 29));
    expect(check(history)).toMatchObject([{ promise: "ended_in_time" }]);
    history.uptime = [
      { from: at(0), to: at(25.5) },
      { from: at(28.5), to: at(40) },
    ];
    expect(check(history)).toEqual([]);
  });

  it("does not take a replayed answer, which says PENDING for ever, for a state", () => {
    const history = healthy();
    history.client.push(
      creation("wish-2", 35, { status: 201, operation: operation("op-2", "wish-2", { deadline: time(25) }) }),
    );
    expect(check(history)).toEqual([]);
  });
});
