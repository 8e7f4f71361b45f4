import { addClose, loseAccepted, refuse, replaceRow } from "./closes-history.ts";
import type { Promised } from "./history.ts";
import {
  at,
  type Broken,
  began,
  completed,
  creation,
  ended,
  intentOf,
  late,
  look,
  operation,
  result,
  terminal,
  time,
} from "./sound-history.ts";

/**
 * Changes that break a sound history. Each names the promises whose checks must report it; no other check may report
 * anything.
 */
export const breakages: [string, Promised | Promised[], (history: Broken) => void][] = [
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
      history.journals[0]?.entries.pop();
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
    ["very_result", "no_answer_lost", "journal_kept"],
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
    ["no_answer_lost", "journal_kept"],
    (history) => {
      replaceRow(history, "op-2", { late_result: undefined });
      history.agents = history.agents.filter(({ type, operationId }) => type === "began" || operationId !== "op-2");
    },
  ],
  [
    "a late answer is lost",
    ["no_answer_lost", "journal_kept"],
    (history) => replaceRow(history, "op-2", { late_result: undefined }),
  ],
  [
    "an answer that came in time became a timeout",
    ["no_answer_lost", "journal_kept", "one_pending"],
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
    "an end of day was cancelled over its terminal's head",
    "cancelled_not_done",
    (history) => {
      const intent = intentOf("wish-10", { operation: "end_of_day" });
      const made = operation("op-10", "wish-10", { operation: "end_of_day", deadline: time(45) });
      history.client.push(creation("wish-10", 30, { status: 201, operation: made }, { intent }));
      history.rows.push({ ...made, status: "FAILED", reason: "cancelled" });
    },
  ],
  [
    "what was answered without being begun is not in the database",
    "journal_kept",
    (history) => {
      const entry = {
        operation_id: "op-11",
        operation: "open_menu",
        status: "FAILED",
        reason: "busy_payment",
      } as const;
      history.journals[0]?.entries.push(entry);
    },
  ],
  [
    "a day was closed that a close before it had ended after it was accepted",
    "closed_knowingly",
    (history) => {
      addClose(history, { number: 12, accepted: 30, began: 31, ended: 33 });
      addClose(history, { number: 13, accepted: 32, began: 34, ended: 35 });
    },
  ],
  [
    "a day was closed after a close that the server was told of only then",
    "closed_knowingly",
    (history) => {
      addClose(history, { number: 12, accepted: 20, began: 21, ended: 22, answered: 36 });
      addClose(history, { number: 13, accepted: 30, began: 31, ended: 32 });
      history.lost.push({ from: at(19), to: at(29) });
    },
  ],
  [
    "a request came to two closes over a going back",
    "one_close_per_request",
    (history) => {
      addClose(history, { number: 12, accepted: 20, began: 21, ended: 22, wish: "wish-12", answered: 23 });
      addClose(history, { number: 13, accepted: 30, began: 31, ended: 32, wish: "wish-12" });
      history.lost.push({ from: at(19), to: at(22.5) });
    },
  ],
  [
    "a close was refused although the server knew of the last one",
    "out_of_step_for_a_reason",
    (history) => {
      addClose(history, { number: 12, accepted: 20, began: 21, ended: 22 });
      refuse(history, 30);
    },
  ],
  [
    "a close was refused although there had been none",
    "out_of_step_for_a_reason",
    (history) => {
      history.lost.push({ from: at(19), to: at(29) });
      refuse(history, 30);
    },
  ],
  [
    "an accepted operation is gone that the lost seconds cannot have taken",
    "accepted_exists",
    (history) => {
      history.lost.push({ from: at(19), to: at(29) });
      loseAccepted(history, 30);
    },
  ],
  [
    "the lost seconds took what a terminal had begun",
    ["executed_once", "journal_kept"],
    (history) => {
      history.lost.push({ from: at(19), to: at(29) });
      loseAccepted(history, 20);
      history.agents.push(began("op-9", 21), ended("op-9", 22));
      history.journals[0]?.entries.push({
        operation_id: "op-9",
        operation: "check_update",
        status: "COMPLETED",
        result,
      });
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
