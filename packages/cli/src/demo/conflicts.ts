import { randomUUID } from "node:crypto";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { Operation, OperationBlocker, OperationCreate } from "@tillkeeper/contract/http/operations";
import { checkCompleted, refusalOf, type Scene, sendAccepted, waitForEnd } from "./scene.ts";

const windowSeconds = 5;

/** One operation at a time, and what an idempotency key is good for. */
export async function playConflicts(scene: Scene, terminalId: string): Promise<void> {
  const { stage, client, last } = scene;
  const idempotencyKey = randomUUID();
  const menu: OperationCreate = { terminal_id: terminalId, operation: "open_menu" };
  const send = (body: OperationCreate) => client.operations.create.withResponse(body, { idempotencyKey });
  let blocker: Operation | undefined;
  let accepted: Operation | undefined;

  await stage.step("Send a command while another is pending", "409, Retry-After 1-5, blocker named", async (facts) => {
    // The virtual terminal takes 70 % of the window for it.
    const parameters = { operator_id: "simulate:slow" };
    const slow: OperationCreate = { terminal_id: terminalId, operation: "check_update", parameters };
    blocker = await sendAccepted(scene, facts, { ...slow, timeout: windowSeconds });
    const refusal = await refusalOf(send(menu));
    facts.equal("the status code", refusal.status, 409);
    facts.equal("code", refusal.code, "operation_pending");
    facts.equal("the blocker", blockerOf(refusal.errors), named(blocker));
    const seconds = last().headers.get("retry-after");
    facts.matches("retry-after", seconds, /^[1-9]\d*$/);
    facts.that(Number(seconds) <= windowSeconds, `Retry-After is ${seconds} for a window of ${windowSeconds} s`);
    facts.note(refusal.message);
    return `${refusal.status}, Retry-After ${seconds}, blocker ${blockerOf(refusal.errors) ? "named" : "not named"}`;
  });

  await stage.step("Send it again, same key, once that has ended", "201 PENDING, then COMPLETED", async (facts) => {
    if (blocker) checkCompleted(facts, await waitForEnd(scene, facts, blocker));
    accepted = await sendAccepted(scene, facts, menu, idempotencyKey);
    const answer = `${last().status} ${accepted.status}`;
    const ended = await waitForEnd(scene, facts, accepted);
    checkCompleted(facts, ended);
    return `${answer}, then ${ended.status}`;
  });

  await stage.step("Repeat it, same key: not done twice", "201, Idempotent-Replayed, same id", async (facts) => {
    const { body: operation, replayed } = await send(menu);
    facts.equal("the status code", last().status, 201);
    facts.equal("idempotent-replayed", last().headers.get("idempotent-replayed"), "true");
    facts.equal("the answer", operation, accepted);
    return `${last().status}, ${replayed ? "replayed" : "not replayed"}, ${operation.id === accepted?.id ? "same" : "another"} id`;
  });

  await stage.step("Use the key for another command", "422 idempotency_key_reused", async (facts) => {
    const refusal = await refusalOf(send({ ...menu, operation: "send_logs" }));
    facts.equal("the status code", refusal.status, 422);
    facts.equal("code", refusal.code, "idempotency_key_reused");
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
