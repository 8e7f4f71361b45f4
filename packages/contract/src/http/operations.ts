import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { limits } from "../limits.ts";
import { NextStepFields } from "../next-steps.ts";
import { OperationReason } from "../operation-reasons.ts";
import {
  OperationError,
  OperationName,
  OperationParameters,
  OperationPhase,
  OperationStatus,
  operationNames,
  operationResults,
  WhenBusy,
} from "../operations.ts";
import { SpanEnd, SpanStart, Text, Time, Uuid } from "../scalars.ts";
import { readOperations, writeOperations } from "../scopes.ts";
import { actorName } from "./actor-names.ts";
import { endpoint } from "./endpoint.ts";
import { acceptedExamples, operationExamples, requestExamples } from "./operation-examples.ts";
import { PreferWait } from "./prefer.ts";
import type { Resource } from "./resource.ts";
import { withoutSdkMethods } from "./sdk-methods.ts";
import { takesBack } from "./sent-back.ts";

/** Terminal operations over HTTP: the documented fields first, then what this server adds (D17). */
const OperationInput = Type.Object(
  {
    terminal_id: Type.String({ minLength: 1, maxLength: 255, examples: ["P11223351-T0013"] }),
    operation: OperationName,
    parameters: Type.Optional(OperationParameters),
    timeout: Type.Optional(
      Type.Integer({
        minimum: limits.operationTimeoutSecondsMin,
        maximum: limits.operationTimeoutSecondsMax,
        description: "Seconds the terminal has to answer; default by operation.",
      }),
    ),
    when_busy: Type.Optional(WhenBusy),
  },
  { additionalProperties: false, examples: [{ terminal_id: "P11223351-T0013", operation: "end_of_day" }] },
);
export type OperationCreate = Static<typeof OperationInput>;

const UnknownEnd = Type.Optional(
  Type.Literal(true, {
    description:
      "With FAILED: it was begun, and nobody knows whether it was completed. An `end_of_day` may have closed the day.",
  }),
);

/** The schema of one kind of operation. The kinds differ in `operation` and in the shape of `result`. */
function operationOf<Name extends OperationName, Result extends TSchema>(operation: Name, result: Result) {
  return Type.Object({
    id: Uuid,
    terminal_id: Type.String(),
    operation: Type.Literal(operation),
    status: OperationStatus,
    created_at: Time,
    created_by: Type.String({ description: "`terminal:{terminal_id}` for a day that was closed at the terminal." }),
    created_by_name: actorName,
    updated_at: Type.String({
      format: "date-time",
      description: "The last change of anything that is shown, a phase or a `late_result` among it.",
    }),
    updated_by: Type.String({ description: "Who made it PENDING or ended it, or the terminal that answered late." }),
    account_id: Type.String(),
    deadline: Type.String({
      format: "date-time",
      description: "When the operation becomes TIMEOUT without an answer.",
    }),
    phase: OperationPhase,
    phases: Type.Object(
      {
        accepted: Time,
        dispatched: Type.Optional(Time),
        delivered: Type.Optional(Time),
        started: Type.Optional(Time),
        answered: Type.Optional(Time),
      },
      { description: "When each phase was reached; those that were skipped or not reached are absent." },
    ),
    when_busy: Type.Optional(WhenBusy),
    cancellation: Type.Optional(
      Type.Object(
        { requested_at: Time, requested_by: Type.String(), refused_at: Type.Optional(Time) },
        { description: "A request to cancel the operation; with `refused_at`, the terminal has refused it." },
      ),
    ),
    parameters: Type.Optional(OperationParameters),
    recovered: Type.Optional(
      Type.Literal(true, { description: "The database had lost it; the terminal's result brought it back." }),
    ),
    result: Type.Optional(result),
    reason: Type.Optional(OperationReason),
    error: Type.Optional(OperationError),
    unknown_end: UnknownEnd,
    late_result: Type.Optional(
      Type.Object(
        {
          status: Type.Enum(["COMPLETED", "FAILED"]),
          finished_at: Time,
          result: Type.Optional(result),
          reason: Type.Optional(OperationReason),
          error: Type.Optional(OperationError),
          unknown_end: UnknownEnd,
        },
        { description: "The terminal's answer after TIMEOUT, or after a cancel; the status stays." },
      ),
    ),
    ...NextStepFields,
  });
}

type OperationSchemas = {
  [Name in OperationName]: ReturnType<typeof operationOf<Name, (typeof operationResults)[Name]>>;
};

/** One schema per kind of operation. */
export const operationSchemas = Object.fromEntries(
  operationNames.map((name) => [name, operationOf(name, operationResults[name])]),
) as unknown as OperationSchemas;

/** An operation of any kind; `operation` tells which. */
export type Operation = Static<OperationSchemas[OperationName]>;
export const Operation = Type.Unsafe<Operation>(
  Type.Union(
    operationNames.map((name) => operationSchemas[name]),
    {
      discriminator: "operation",
      examples: [
        {
          id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
          terminal_id: "P11223351-T0013",
          operation: "end_of_day",
          status: "PENDING",
          created_at: "2026-06-29T09:00:00Z",
          created_by: "user@example.com",
          updated_at: "2026-06-29T09:00:00Z",
          updated_by: "user@example.com",
          account_id: "P11223351",
          deadline: "2026-06-29T09:03:00.000Z",
          phase: "dispatched",
          phases: { accepted: "2026-06-29T09:00:00.000Z", dispatched: "2026-06-29T09:00:00.012Z" },
        },
      ],
    },
  ),
);

/** Every kind shows the same fields, but for the shape of the result. */
export const OperationCreate = takesBack(OperationInput, operationSchemas.end_of_day);

export const OperationList = Type.Array(Operation);
export type OperationList = Static<typeof OperationList>;

const tag = "Terminal operations";
const CreateHeaders = Type.Object({
  "Idempotency-Key": Type.Optional(
    Type.String({
      format: "uuid",
      description:
        "Makes the request safe to repeat: within 48 hours the same key with the same body gives the same answer, and nothing is " +
        "done twice.",
    }),
  ),
  ...PreferWait.properties,
});

const ListQuery = Type.Object(
  {
    terminal_id: Type.Optional(Text),
    operation_id: Type.Optional(Uuid),
    store_id: Type.Optional(Text),
    operation: Type.Optional(OperationName),
    status: Type.Optional(OperationStatus),
    "created_at.gte": Type.Optional(SpanStart),
    "created_at.lte": Type.Optional(SpanEnd),
    starting_after: Type.Optional(Uuid),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  },
  { additionalProperties: false },
);

/** The documented endpoints under one of their two bases. The base without an account takes it from the token (D20). */
function operationsAt<const Base extends string, OfBase extends TProperties>(
  base: Base,
  ofBase: OfBase,
  idPrefix: string,
) {
  const path = `${base}/admin/terminals/operations` as const;
  const operation = {
    path: `${path}/:operation_id`,
    schema: Operation,
    beside: ["created_by_name"],
  } as const satisfies Resource;
  const params = Type.Object(ofBase);
  const ofOperation = Type.Object({ ...ofBase, operation_id: Text });
  return {
    create: endpoint({
      method: "POST",
      path,
      resource: operation,
      scopes: writeOperations,
      id: `${idPrefix}admin_terminals_operations_post`,
      summary: "Send a command to a terminal",
      tag,
      params,
      body: OperationCreate,
      answers: { 201: Operation },
      errors: [
        "invalid_idempotency_key",
        "terminal_not_found",
        "operation_pending",
        "operation_not_allowed",
        "operation_unsupported",
        "idempotency_key_reused",
      ],
      requestHeaders: CreateHeaders,
      headers: ["idempotent-replayed", "preference-applied"],
      examples: { request: requestExamples, answer: acceptedExamples },
    }),
    list: endpoint({
      method: "GET",
      path,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_operations_get`,
      summary: "List operations, newest first",
      tag,
      params,
      query: ListQuery,
      answers: { 200: OperationList },
      headers: ["link"],
    }),
    get: endpoint({
      method: "GET",
      path: operation.path,
      resource: operation,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_operations_id_get`,
      summary: "One operation",
      tag,
      params: ofOperation,
      answers: { 200: Operation },
      errors: ["operation_not_found"],
      requestHeaders: PreferWait,
      headers: ["preference-applied"],
      examples: { answer: operationExamples },
    }),
    cancel: endpoint({
      method: "POST",
      path: `${path}/:operation_id/cancel`,
      resource: operation,
      scopes: writeOperations,
      id: `${idPrefix}admin_terminals_operations_id_cancel`,
      summary: "Cancel an operation: at once while it cannot have begun (200), else its terminal is asked (202)",
      tag,
      params: ofOperation,
      answers: { 200: Operation, 202: Operation },
      errors: ["operation_not_found", "operation_ended"],
    }),
  };
}

export const operationEndpoints = operationsAt("/v1/accounts/:aid/payments", { aid: AccountId }, "account_");
/** The endpoints at the base without an account. */
export const operationEndpointsByToken = withoutSdkMethods(operationsAt("/v1", {}, ""), "the SDK names the account");
