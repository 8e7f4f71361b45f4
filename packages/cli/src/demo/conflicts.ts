import { randomUUID } from "node:crypto";
import type { OperationBlocker } from "@tillkeeper/contract/http/error-facts";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import { checkCompleted, type DemoContext, refusalOf, sendAccepted, waitForEnd } from "./demo-context.ts";

const windowSeconds = 5;

/** Plays the refusal of a second operation, and the repetition of requests with an idempotency key. */
export async function playConflicts(context: DemoContext, terminalId: string): Promise<void> {
  const { steps, client, last } = context;
  const idempotencyKey = randomUUID();
  const menu: OperationCreate = { terminal_id: terminalId, operation: "open_menu" };
  const send = (body: OperationCreate) => client.operations.create.withResponse(body, { idempotencyKey });
  let blocker: Operation | undefined;
  let accepted: Operation | undefined;

  await steps.step("Send a command while another is pending", "409, Retry-After 1-5, blocker named", async (checks) => {
    // With this operator the virtual terminal takes 70 % of the window.
    const parameters = { operator_id: "simulate:slow" };
    const slow: OperationCreate = { terminal_id: terminalId, operation: "check_update", parameters };
    blocker = await sendAccepted(context, checks, { ...slow, timeout: windowSeconds });
    const refusal = await refusalOf(send(menu));
    checks.equal("the status code", refusal.status, 409);
    checks.equal("code", refusal.code, "operation_pending");
    checks.equal("the blocker", blockerOf(refusal.errors), named(blocker));
    const seconds = last().headers.get("retry-after");
    checks.matches("retry-after", seconds, /^[1-9]\d*$/);
    checks.that(Number(seconds) <= windowSeconds, `Retry-After is ${seconds} for a window of ${windowSeconds} s`);
    checks.note(refusal.message);
    return `${refusal.status}, Retry-After ${seconds}, blocker ${blockerOf(refusal.errors) ? "named" : "not named"}`;
  });

  await steps.step("Send it again, same key, once that has ended", "201 PENDING, then COMPLETED", async (checks) => {
    if (blocker) checkCompleted(checks, await waitForEnd(context, checks, blocker));
    accepted = await sendAccepted(context, checks, menu, idempotencyKey);
    const answer = `${last().status} ${accepted.status}`;
    const ended = await waitForEnd(context, checks, accepted);
    checkCompleted(checks, ended);
    return `${answer}, then ${ended.status}`;
  });

  await steps.step("Repeat it, same key: not done twice", "201, Idempotent-Replayed, same id", async (checks) => {
    const { body: operation, replayed } = await send(menu);
    checks.equal("the status code", last().status, 201);
    checks.equal("idempotent-replayed", last().headers.get("idempotent-replayed"), "true");
    checks.equal("the answer", operation, accepted);
    return `${last().status}, ${replayed ? "replayed" : "not replayed"}, ${operation.id === accepted?.id ? "same" : "another"} id`;
  });

  await steps.step("Use the key for another command", "422 idempotency_key_reused", async (checks) => {
    const refusal = await refusalOf(send({ ...menu, operation: "send_logs" }));
    checks.equal("the status code", refusal.status, 422);
    checks.equal("code", refusal.code, "idempotency_key_reused");
    return `${refusal.status} ${refusal.code}`;
  });
}

type Named = Pick<OperationBlocker, "id" | "operation" | "created_by" | "deadline">;

function named({ id, operation, created_by, deadline }: Operation | OperationBlocker): Named {
  return { id, operation, created_by, deadline };
}

function blockerOf(errors: readonly ErrorDetail[]): Named | undefined {
  const blocker = errors.find((detail) => detail.blocker)?.blocker;
  return blocker && named(blocker);
}
