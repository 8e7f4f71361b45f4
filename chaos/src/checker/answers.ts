import { type ErrorCode, errorCodes } from "@tillkeeper/contract/http/errors";
import { iso } from "./acceptance.ts";
import type { Answer, Cancellation, ClientEvent, Creation, SeenOperation, Violation } from "./history.ts";
import { acceptedBy, type Indexed, sightings } from "./index.ts";
import { isInDoubt, lostIn } from "./lost.ts";

/** Checks that clients got only documented answers, and that the answers stayed true. */
export function checkAnswers(index: Indexed): Violation[] {
  return [
    ...index.history.client.flatMap((event) => checkDocumented(index, event)),
    ...index.history.rows.flatMap((row) => checkFinality(index, row)),
    ...index.cancellations.flatMap((cancellation) => checkCancelled(index, cancellation)),
  ];
}

function checkDocumented(index: Indexed, event: ClientEvent): Violation[] {
  const { reply } = event;
  if (!("status" in reply)) return [];
  const problem = event.type === "create" ? creationProblem(index, event, reply) : otherProblem(index, event, reply);
  if (problem === undefined) return [];
  const what = event.type === "create" ? event.intent.id : `${event.type} of ${event.operationId}`;
  const text = `${what}, sent at ${iso(event.sentAt)}, was answered ${reply.status} ${reply.code ?? ""}: ${problem}`;
  return [{ promise: "documented_answers", text, ...(event.type !== "create" && { operationId: event.operationId }) }];
}

function creationProblem(index: Indexed, event: Creation, reply: Answer): string | undefined {
  if (reply.status === 201) {
    if (!reply.operation) return "there is no operation in it";
    return event.otherBody && acceptedBefore(index, event) ? "the key belonged to another request already" : undefined;
  }
  if (reply.status === 409) {
    return reply.code === "operation_pending" ? formProblem(reply) : "the terminal takes every operation";
  }
  if (reply.status === 422) return event.otherBody ? formProblem(reply) : "the key came with this request only";
  return retryLaterProblem(reply);
}

/** 429 and 503, which ask the client to retry later; any other status here is a problem. */
function retryLaterProblem(reply: Answer): string | undefined {
  return [429, 503].includes(reply.status) ? formProblem(reply) : "it is none of the documented answers";
}

const codesWithRetryAfter: ReadonlySet<string> = new Set([
  "operation_pending",
  "too_many_requests",
  "service_unavailable",
]);

/** Requires a documented error code with its status, and `Retry-After` where the documentation promises it. */
function formProblem({ status, code = "", retryAfter }: Answer): string | undefined {
  if (!Object.hasOwn(errorCodes, code)) return "it has none of the documented error codes";
  if (errorCodes[code as ErrorCode].status !== status)
    return `the code belongs to ${errorCodes[code as ErrorCode].status}`;
  if (!codesWithRetryAfter.has(code)) return undefined;
  const seconds = Number(retryAfter);
  return Number.isInteger(seconds) && seconds >= 1
    ? undefined
    : `Retry-After is ${retryAfter}, not a whole number from 1`;
}

/** Whether the intent's operation was accepted, and cannot have been lost, before this request was sent. */
function acceptedBefore(index: Indexed, event: Creation): boolean {
  return (index.creationsOf.get(event.intent.id) ?? []).some((other) => {
    const operation = !other.otherBody && other.answeredAt < event.sentAt && acceptedBy(other);
    return operation && lostIn(index, operation.id).length === 0;
  });
}

function otherProblem(index: Indexed, event: Exclude<ClientEvent, Creation>, reply: Answer): string | undefined {
  const isLost = lostIn(index, event.operationId).some(({ from }) => from <= event.answeredAt);
  if (reply.status === 404 && reply.code === "operation_not_found" && isLost) return undefined;
  if (reply.status === 200) return reply.operation?.id === event.operationId ? undefined : "it shows another operation";
  if (event.type === "cancel" && reply.status === 202) return undefined;
  if (event.type === "cancel" && reply.status === 409) {
    return reply.code === "operation_ended" ? undefined : "only an operation that has ended cannot be cancelled";
  }
  return retryLaterProblem(reply);
}

/** Every state but PENDING is final (the contract's `operationMoves`), whichever process is killed afterwards. */
function checkFinality(index: Indexed, row: SeenOperation): Violation[] {
  const changed = sightings(index, row.id).find(({ look, seen }) => {
    const mayBeLost = isInDoubt(index, { from: look.sentAt, to: look.answeredAt });
    return seen.status !== "PENDING" && !mayBeLost && !isSameEnd(seen, row);
  });
  if (changed) {
    const { look, seen } = changed;
    const text = `${row.id} was seen ${seen.status} ${seen.reason ?? ""} at ${iso(look.answeredAt)}, and is ${row.status} ${row.reason ?? ""} now`;
    return [{ promise: "end_is_final", operationId: row.id, text }];
  }
  return [];
}

function isSameEnd(a: SeenOperation, b: SeenOperation): boolean {
  const end = ({ status, reason, result, error }: SeenOperation) => JSON.stringify([status, reason, result, error]);
  return end(a) === end(b);
}

/** A cancel request is answered 200 when the operation is cancelled, by this request or an earlier one. */
function checkCancelled(index: Indexed, { operationId, reply, sentAt, answeredAt }: Cancellation): Violation[] {
  if (!("status" in reply) || reply.status !== 200 || isInDoubt(index, { from: sentAt, to: answeredAt })) return [];
  const row = index.rows.get(operationId);
  if (row?.status === "FAILED" && row.reason === "cancelled") return [];
  const text = `${operationId} was answered as cancelled at ${iso(answeredAt)}, and is ${row?.status ?? "gone"} ${row?.reason ?? ""}`;
  return [{ promise: "end_is_final", operationId, text }];
}
