/** Error codes of closings and their reports. */
export const closingErrorCodes = {
  closing_not_found: {
    status: 404,
    cause: "The store has no such closing.",
    cure: "Check the closing's id; the store's list of closings has it.",
  },
  report_not_found: {
    status: 404,
    cause: "The closing has no report with this number.",
    cure: "Take a number from the closing's list of reports, or leave `report` out.",
  },
  mail_link_not_found: {
    status: 404,
    cause: "No mail has this link.",
    cure: "Take the whole link as it stands in the mail.",
  },
} as const;
