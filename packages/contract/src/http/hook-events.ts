import { type EventType, eventTypes } from "../events.ts";

/**
 * Documented events of parts of the product that this server does not have. A subscription may name them, so that one which was
 * made for the documented API can be made here; they never fire.
 */
const elsewhere = [
  "account_add",
  "account_update",
  "account_location_add",
  "account_location_update",
  "account_location_delete",
  "cdd_case_update",
  "checkout_authorization",
  "checkout_token_add",
  "checkout_token_update",
  "checkout_token_delete",
  "checkout_transaction",
  "customer_add",
  "customer_update",
  "customer_delete",
  "customer_change_password",
  "discount_add",
  "discount_update",
  "discount_delete",
  "location_add",
  "location_update",
  "location_delete",
  "receipt_add",
  "receipt_update",
  "settlement_add",
  "shopping_draft_add",
  "shopping_draft_update",
  "shopping_draft_delete",
  "shopping_order_add",
  "shopping_order_update",
  "shopping_order_delete",
  "token_add",
  "token_remove",
  "transaction",
  "wallet_transaction",
] as const;

/** Documented events that are sent beside others, with an object of their own: the older name of a payout destination's case. */
export const eventsBeside = {
  approval_payout_destination_update: "account_payout_destination_update",
  approval_payout_destination_delete: "account_payout_destination_delete",
} as const satisfies Record<string, EventType>;
export type EventBeside = keyof typeof eventsBeside;

/** All events that a subscription may name. */
export const hookEvents: string[] = [...eventTypes, ...Object.keys(eventsBeside), ...elsewhere];

/** The event of a delivery that belongs to none: a subscription introduces itself. */
export const pingEvent = "ping";
