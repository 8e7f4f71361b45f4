import { type Static, Type } from "typebox";

/**
 * Every error code that a caller can meet, with its HTTP status and what to do about it.
 * The status belongs to the code: the same code never comes with two statuses.
 */
export const errorCodes = {
  invalid_request: { status: 400, cure: "Mend the places that `errors` names and send it again." },
  invalid_json: { status: 400, cure: "Send a body that is valid JSON." },
  invalid_idempotency_key: { status: 400, cure: "Send a UUID in `Idempotency-Key`, or leave the header out." },
  invalid_grant_type: { status: 400, cure: "Use `client_credentials`." },
  invalid_scope: { status: 400, cure: "Ask for scopes that the client holds, or for none to get them all." },
  invalid_audience: { status: 400, cure: "Name `{server}/v1/accounts/{account_id}` in `audience`." },
  simulated_not_allowed: {
    status: 400,
    cure: "Register virtual terminals on a sandbox account, with its own id in the serial number.",
  },
  payout_destination_not_found: { status: 400, cure: "Name a payout destination of the same account." },
  payout_destination_rules: { status: 400, cure: "Leave out what a payout destination fills in by itself." },
  missing_token: { status: 401, cure: "Send `Authorization: Bearer <token>`." },
  invalid_token: { status: 401, cure: "Get a new token; this one is expired, forged, or meant for another server." },
  invalid_client: { status: 401, cure: "Check client id, secret and account." },
  insufficient_scope: { status: 403, cure: "Use a client that holds one of the scopes the message names." },
  audience_not_granted: { status: 403, cure: "Ask for an account that the client holds a grant for." },
  not_found: { status: 404, cure: "Check method and path." },
  account_not_found: { status: 404, cure: "Check the account id; a token opens only its own account." },
  store_not_found: { status: 404, cure: "Check the store id." },
  terminal_not_found: { status: 404, cure: "Check the terminal id." },
  operation_not_found: { status: 404, cure: "Check the operation id." },
  store_id_taken: { status: 409, cure: "Choose another `store_id`, or leave it out." },
  serial_number_taken: { status: 409, cure: "A device can be registered once; delete its other registration first." },
  operation_pending: { status: 409, cure: "Wait as long as `Retry-After` says, then send it again." },
  operation_not_allowed: { status: 409, cure: "Bring the terminal into a status that allows the operation." },
  virtual_terminal: { status: 409, cure: "A virtual terminal keeps its own credential." },
  body_too_large: { status: 413, cure: "Send a smaller body." },
  unsupported_media_type: { status: 415, cure: "Send `Content-Type: application/json`." },
  idempotency_key_reused: { status: 422, cure: "Use a new `Idempotency-Key` for a new request." },
  too_many_requests: { status: 429, cure: "Wait as long as `Retry-After` says, then send it again." },
  headers_too_large: { status: 431, cure: "Send fewer or shorter headers." },
  internal_error: { status: 500, cure: "Tell the operator the `request-id`." },
  service_unavailable: {
    status: 503,
    cure: "Try again after `Retry-After`; with the same `Idempotency-Key` nothing is done twice.",
  },
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** One place in the request that is wrong; `path` is a JSON pointer below `body`, `query`, `path` or `headers`. */
export const ErrorDetail = Type.Object({ path: Type.String(), message: Type.String() }, { additionalProperties: true });
export type ErrorDetail = Static<typeof ErrorDetail> & Record<string, unknown>;

/** The body of every answer that is not a success (D23). */
export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.String({ description: "snake_case, for programs." }),
    message: Type.String({ description: "For people." }),
    errors: Type.Array(ErrorDetail, {
      description: "The places that are wrong; empty when there is no place to name.",
    }),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;
