/** Error codes of operations that a terminal is not asked for, or that cannot be cancelled. */
export const operationErrorCodes = {
  operation_pending: {
    status: 409,
    cause: "The terminal has a pending operation; `errors` names it.",
    cure: "Wait as long as `Retry-After` says, then send it again.",
    retryAfterSeconds: 1,
  },
  operation_ended: {
    status: 409,
    cause: "The operation has ended already, and not by being cancelled.",
    cure: "There is nothing left to cancel; read what came of the operation.",
  },
  operation_not_allowed: {
    status: 409,
    cause: "The terminal's status does not allow this operation.",
    cure: "Bring the terminal into a status that allows the operation.",
  },
  operation_unsupported: {
    status: 409,
    cause: "The terminal's device has said that it cannot do this operation; `errors` names what it can.",
    cure: "Do not send it: it works once the device can do it, or another device is in its place.",
  },
} as const;
