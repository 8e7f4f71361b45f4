import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import {
  OperationError,
  OperationName,
  OperationParameters,
  OperationPhase,
  OperationReason,
  type OperationResults,
  OperationStatus,
  operationNames,
  operationResults,
  WhenBusy,
} from "../operations.ts";

/** Terminal operations over HTTP: the documented fields first, then what this server adds (D17). */
export const OperationCreate = Type.Object(
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
export type OperationCreate = Static<typeof OperationCreate>;

const Time = Type.String({ format: "date-time" });
const OperationResult = Type.Unsafe<OperationResults[OperationName]>(
  Type.Union(operationNames.map((name) => operationResults[name])),
);

export const Operation = Type.Object(
  {
    id: Type.String({ format: "uuid" }),
    terminal_id: Type.String(),
    operation: OperationName,
    status: OperationStatus,
    created_at: Type.String({ format: "date-time" }),
    created_by: Type.String({ description: "`terminal:{terminal_id}` for a day that was closed at the terminal." }),
    updated_at: Type.String({ format: "date-time" }),
    updated_by: Type.String(),
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
        { description: "Somebody asked for the operation to be cancelled; the terminal may have refused." },
      ),
    ),
    parameters: Type.Optional(OperationParameters),
    recovered: Type.Optional(
      Type.Literal(true, { description: "The database had lost it; the terminal brought it back." }),
    ),
    result: Type.Optional(OperationResult),
    reason: Type.Optional(OperationReason),
    error: Type.Optional(OperationError),
    late_result: Type.Optional(
      Type.Object(
        {
          status: Type.Enum(["COMPLETED", "FAILED"]),
          finished_at: Type.String({ format: "date-time" }),
          result: Type.Optional(OperationResult),
          reason: Type.Optional(OperationReason),
          error: Type.Optional(OperationError),
        },
        { description: "What the terminal answered after TIMEOUT, or after it was cancelled; the status stays." },
      ),
    ),
  },
  {
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
);
export type Operation = Static<typeof Operation>;

export const OperationList = Type.Array(Operation);
export type OperationList = Static<typeof OperationList>;

/** What a 409 says about the operation that is in the way (D14). */
export const OperationBlocker = Type.Object({
  id: Type.String({ format: "uuid" }),
  operation: OperationName,
  created_by: Type.String(),
  deadline: Type.String({ format: "date-time" }),
  phase: OperationPhase,
  expected_end: Type.String({
    format: "date-time",
    description:
      "When it can be expected to end: its deadline, or sooner by how long others took. `Retry-After` says the same.",
  }),
});
export type OperationBlocker = Static<typeof OperationBlocker>;
