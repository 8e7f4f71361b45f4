import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import {
  CheckUpdateResult,
  EndOfDayResult,
  OpenMenuResult,
  OperationError,
  OperationName,
  OperationParameters,
  OperationReason,
  OperationStatus,
  SendLogsResult,
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
  },
  { additionalProperties: false },
);
export type OperationCreate = Static<typeof OperationCreate>;

const OperationResult = Type.Union([EndOfDayResult, SendLogsResult, CheckUpdateResult, OpenMenuResult]);

export const Operation = Type.Object({
  id: Type.String({ format: "uuid" }),
  terminal_id: Type.String(),
  operation: OperationName,
  status: OperationStatus,
  created_at: Type.String({ format: "date-time" }),
  created_by: Type.String(),
  updated_at: Type.String({ format: "date-time" }),
  updated_by: Type.String(),
  account_id: Type.String(),
  deadline: Type.String({ format: "date-time", description: "When the operation becomes TIMEOUT without an answer." }),
  parameters: Type.Optional(OperationParameters),
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
      { description: "What the terminal answered after TIMEOUT; the status stays." },
    ),
  ),
});
export type Operation = Static<typeof Operation>;

export const OperationList = Type.Array(Operation);
export type OperationList = Static<typeof OperationList>;

/** What a 409 says about the operation that is in the way (D14). */
export const OperationBlocker = Type.Object({
  id: Type.String({ format: "uuid" }),
  operation: OperationName,
  created_by: Type.String(),
  deadline: Type.String({ format: "date-time" }),
});
export type OperationBlocker = Static<typeof OperationBlocker>;
