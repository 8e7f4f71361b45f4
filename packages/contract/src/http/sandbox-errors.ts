/** Error codes of the controls that only a sandbox has. */
export const sandboxErrorCodes = {
  clock_cannot_go_back: {
    status: 409,
    cause: "The sandbox's time is at or beyond `set_to` already.",
    cure: "Set it to a later instant. A sandbox on a new data folder has the real time again.",
  },
  clock_is_real: {
    status: 409,
    cause: "There are live accounts on this database, and their time is real.",
    cure: "Use a sandbox on a data folder of its own.",
  },
  snapshot_too_large: {
    status: 409,
    cause: "The account has more than 1,000 stores, or more than 1,000 terminals.",
    cure: "Delete what the tests do not need, then take the snapshot again.",
  },
  close_under_way: {
    status: 409,
    cause: "An operation is closing the day at the terminal at this moment, so its own menu does not close it.",
    cure: "Read what came of that operation, then send it again if there is still something to close.",
  },
} as const;
