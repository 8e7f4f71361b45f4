import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import { operationKinds } from "@tillkeeper/contract/operations";
import { type Client, TillkeeperError } from "@tillkeeper/sdk";
import type { Answer } from "./answers.ts";
import type { StepChecks } from "./step-checks.ts";
import type { StepRunner } from "./step-runner.ts";

/** What every part of the demo works with. */
export interface DemoContext {
  steps: StepRunner;
  client: Client;
  /** The head of the newest answer. */
  last: () => Answer;
  accountId: string;
  clientId: string;
  signal: AbortSignal;
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Date-times as the public pages show them: whole seconds, UTC. */
export const documentedTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const longestWaitMs = 20_000;
const pollMs = 100;

/** Sends a command and checks that the answer accepts it: 201, PENDING, the documented fields. */
export async function sendAccepted(
  { client, last, clientId }: DemoContext,
  checks: StepChecks,
  body: OperationCreate,
  idempotencyKey?: string,
): Promise<Operation> {
  const { body: operation, replayed } = await client.operations.create.withResponse(body, { idempotencyKey });
  checks.equal("the status code", last().status, 201);
  checks.matches("request-id", last().headers.get("request-id"), uuid);
  checks.equal("idempotent-replayed", replayed, false);
  checks.matches("id", operation.id, uuid);
  checks.equal("terminal_id", operation.terminal_id, body.terminal_id);
  checks.equal("operation", operation.operation, body.operation);
  checks.equal("status", operation.status, "PENDING");
  checks.matches("created_at", operation.created_at, documentedTime);
  checks.matches("updated_at", operation.updated_at, documentedTime);
  checks.equal("created_by", operation.created_by, clientId);
  checks.equal("updated_by", operation.updated_by, clientId);
  return operation;
}

/** Waits until an operation has ended, and checks the ended operation's id and times. */
export async function waitForEnd(
  { client, signal }: DemoContext,
  checks: StepChecks,
  sent: Operation,
): Promise<Operation> {
  const ended = await client.operations.wait(sent.id, { timeoutMs: longestWaitMs, pollMs, signal });
  checks.equal("id", ended.id, sent.id);
  checks.equal("created_at", ended.created_at, sent.created_at);
  checks.matches("updated_at", ended.updated_at, documentedTime);
  return ended;
}

/** Checks that an operation succeeded, and that its result has the fields of its kind. */
export function checkCompleted(checks: StepChecks, ended: Operation): void {
  checks.equal("status", ended.status, "COMPLETED");
  checks.equal("reason", ended.reason, undefined);
  checks.equal("error", ended.error, undefined);
  const { result, added }: { result: { properties: object }; added: readonly string[] } =
    operationKinds[ended.operation];
  const fields = Object.keys(result.properties).filter((name) => !added.includes(name));
  checks.equal("the fields of result", Object.keys(ended.result ?? {}).toSorted(), fields.toSorted());
}

/** The refusal that a call ends with. Throws when the call is not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<TillkeeperError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TillkeeperError) return error;
    throw error;
  }
  throw new Error("the server accepted what it should have refused");
}
