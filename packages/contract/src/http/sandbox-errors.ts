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
} as const;
