/** Error codes of webhooks. */
export const hookErrorCodes = {
  hook_subscription_not_found: {
    status: 404,
    cause: "The account has no such webhook subscription, or it is deleted.",
    cure: "Check the subscription's id.",
  },
  hook_delivery_not_found: {
    status: 404,
    cause: "The subscription has no such delivery, or it was removed at the end of its retention.",
    cure: "Check the id; the subscription's list of deliveries has it.",
  },
  too_many_subscriptions: {
    status: 409,
    cause: "The account has as many webhook subscriptions as it may have.",
    cure: "Delete one that is not needed any more, or let one subscription take more events.",
  },
} as const;
