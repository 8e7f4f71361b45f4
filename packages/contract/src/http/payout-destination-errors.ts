/** Error codes of payout destinations, and of stores and terminals that name them. */
export const payoutDestinationErrorCodes = {
  payout_destination_not_found: {
    status: 400,
    cause: "The store names a payout destination that the account does not have.",
    cure: "Name a payout destination of the same account.",
  },
  payout_destination_rules: {
    status: 400,
    cause: "The store carries details that its payout destination owns, or another organization number.",
    cure: "Leave out what a payout destination fills in by itself.",
  },
  unknown_payout_destination: {
    status: 404,
    cause: "The account has no such payout destination.",
    cure: "Check the payout destination id.",
  },
  payout_destination_archived: {
    status: 409,
    cause: "The case of the payout destination is ARCHIVED: it is closed for good.",
    cure: "Create another payout destination.",
  },
  payout_destination_id_taken: {
    status: 409,
    cause: "A payout destination of the account has this id.",
    cure: "Choose another `payout_destination_id`, or leave it out.",
  },
  case_status_not_allowed: {
    status: 409,
    cause: "The case cannot move from its status to the one asked for.",
    cure: "Move the case to one of the statuses that `allowed` names.",
  },
} as const;
