import { type Static, Type } from "typebox";
import { accessErrorCodes } from "./access-errors.ts";
import { closingErrorCodes } from "./closing-errors.ts";
import { deviceErrorCodes } from "./device-errors.ts";
import type { ErrorFacts } from "./error-facts.ts";
import { hookErrorCodes } from "./hook-errors.ts";
import { operationErrorCodes } from "./operation-errors.ts";
import { payoutDestinationErrorCodes } from "./payout-destination-errors.ts";
import { peopleErrorCodes } from "./people-errors.ts";
import { sandboxErrorCodes } from "./sandbox-errors.ts";
import { updateErrorCodes } from "./update-errors.ts";

interface ErrorRow {
  status: number;
  cause: string;
  cure: string;
  /** The error passes by itself: its answer has `Retry-After`, with so many seconds where the server knows no better. */
  retryAfterSeconds?: number;
}

/**
 * Every error code of the API, with its HTTP status, its cause and its cure.
 * The status belongs to the code: a code never comes with two statuses.
 */
export const errorCodes = {
  invalid_request: {
    status: 400,
    cause: "A field, query parameter, id or header is missing, unknown, or of the wrong form.",
    cure: "Mend the places that `errors` names and send it again.",
  },
  invalid_json: {
    status: 400,
    cause: "The body is not JSON in UTF-8.",
    cure: "Send a body that is valid JSON, encoded as UTF-8.",
  },
  invalid_idempotency_key: {
    status: 400,
    cause: "`Idempotency-Key` is not one UUID.",
    cure: "Send a UUID in `Idempotency-Key`, or leave the header out.",
  },
  invalid_grant_type: {
    status: 400,
    cause: "The token request asks for another grant type.",
    cure: "Use `client_credentials`, or `authorization_code` for a person.",
  },
  invalid_grant: {
    status: 400,
    cause: "The code is unknown, was used, has expired, or belongs to another client, redirect address or verifier.",
    cure: "Send the person to the authorization endpoint again.",
  },
  invalid_scope: {
    status: 400,
    cause: "The token request asks for scopes of which the client holds none.",
    cure: "Ask for scopes that the client holds, or for none to get them all.",
  },
  invalid_audience: {
    status: 400,
    cause: "`audience` is missing or names no account of this server.",
    cure: "Name `{server}/v1/accounts/{account_id}` in `audience`.",
  },
  simulated_not_allowed: {
    status: 400,
    cause: "The serial number is a virtual terminal's, on a live account or with another account's id in it.",
    cure: "Register virtual terminals on a sandbox account, with its own id in the serial number.",
  },
  store_suspended: {
    status: 400,
    cause: "The terminal is to be put into a store that is suspended.",
    cure: "Name a store that is ACTIVE, or resume this one first.",
  },
  // The one route with these two codes has them as the public reference spells them.
  STORE_NOT_ACTIVE: {
    status: 400,
    cause: "The store of the terminal that is to be synced is suspended.",
    cure: "Resume the store, then sync the terminal.",
  },
  organization_not_registered: {
    status: 400,
    cause: "The public register has no such organization.",
    cure: "Check the organization number; the public register knows no such organization.",
  },
  organization_dissolved: {
    status: 400,
    cause: "The organization is deleted from the register, bankrupt, or being wound up.",
    cure: "Name an organization that is in business; this one is deleted, bankrupt or being wound up.",
  },
  ...accessErrorCodes,
  not_found: {
    status: 404,
    cause: "No route has this path.",
    cure: "Check the path: it begins with `/v1` and has no slash at its end; the message names the right one where it is close.",
  },
  account_not_found: {
    status: 404,
    cause: "The path names an account that is not the token's.",
    cure: "Check the account id; a token opens only its own account.",
  },
  store_not_found: {
    status: 404,
    cause: "The account has no such store, or it is deleted.",
    cure: "Check the store id.",
  },
  terminal_not_found: {
    status: 404,
    cause: "The account has no such terminal, or it is deleted.",
    cure: "Check the terminal id.",
  },
  ...closingErrorCodes,
  ...hookErrorCodes,
  operation_not_found: { status: 404, cause: "The account has no such operation.", cure: "Check the operation id." },
  client_not_found: {
    status: 404,
    cause: "The account has no such client.",
    cure: "Check the client's `id`; it is not its `client_id`.",
  },
  client_secret_not_found: {
    status: 404,
    cause: "The client has no such secret.",
    cure: "Check the secret's id; the client shows the valid ones.",
  },
  client_grant_not_found: {
    status: 404,
    cause: "The account has no such grant.",
    cure: "Check the grant's id; a removed grant is gone.",
  },
  method_not_allowed: {
    status: 405,
    cause: "The address exists, but not with this method.",
    cure: "Use one of the methods that `Allow` names.",
  },
  account_id_taken: {
    status: 409,
    cause: "An account with this id exists.",
    cure: "Choose another `account_id`, or leave it out.",
  },
  client_id_taken: {
    status: 409,
    cause: "The account has, or had, a client with this `client_id`, of its own or of its operator's.",
    cure: "Use a client with another `client_id`, or leave it out; it is unique within an account, for ever.",
  },
  TERMINAL_NOT_RETRYABLE: {
    status: 409,
    cause: "The terminal is neither in ERROR with `SYNC_ERROR`, nor PENDING with `ADDING` for more than 10 minutes.",
    cure: "Sync only such terminals; for one that is being added, `retryable_at` says from when on.",
  },
  last_admin_client: {
    status: 409,
    cause:
      "The account would have no client of its own left that holds `admin:accounts` and `admin:checkout` and has a secret.",
    cure: "Make another client, give it a grant with both scopes, and try again with that.",
  },
  client_grant_exists: {
    status: 409,
    cause: "The client holds a grant for this account already.",
    cure: "Change the client's grant for this account with PATCH.",
  },
  too_many_secrets: {
    status: 409,
    cause: "The client has as many valid secrets as it may have.",
    cure: "Delete a secret that is no longer in use, then ask for the new one.",
  },
  store_id_taken: {
    status: 409,
    cause:
      "A live store of the account has this `store_id`, or it has the form of the generated ids and is not the store's own.",
    cure: "Choose another `store_id`, or leave it out.",
  },
  store_has_terminals: {
    status: 409,
    cause: "The store still has live terminals.",
    cure: "Delete its terminals first, or move them to another store.",
  },
  serial_number_taken: {
    status: 409,
    cause:
      "A terminal has this serial number, in upper or lower case: of any live account, or of this sandbox account.",
    cure: "Delete the device's other registration first. If that is not yours, ask the operator of the server to release it.",
  },
  ...sandboxErrorCodes,
  ...operationErrorCodes,
  activation_running: {
    status: 409,
    cause: "The terminal is being activated; `errors` names the task.",
    cure: "Wait for the activation that `errors` names to end; it ends by itself.",
    retryAfterSeconds: 1,
  },
  virtual_terminal: {
    status: 409,
    cause: "The server itself gives virtual terminals their credentials.",
    cure: "A virtual terminal keeps its own credential.",
  },
  events_gone: {
    status: 410,
    cause:
      "`starting_after` is the id of no event that is there: it is older than events are kept, or the database went back to an earlier moment and lost it.",
    cure: "Read anew what you keep of the account, then go on without `starting_after`, or with `latest`.",
  },
  precondition_failed: {
    status: 412,
    cause:
      "What is there is not in the state that `If-Match`, `If-None-Match` or `If-Unmodified-Since` asks for; nothing was changed.",
    cure: "Read it again, make the change to what is there now, and send it with the new `ETag`.",
  },
  body_too_large: { status: 413, cause: "The body is over 256 KiB.", cure: "Send a smaller body." },
  not_acceptable: {
    status: 406,
    cause: "`Accept` names no type in which this answer comes.",
    cure: "Name one of the types in the message, or leave `Accept` out for JSON.",
  },
  unsupported_media_type: {
    status: 415,
    cause:
      "The body is not sent as JSON (or as a form, or as a log, where one is accepted), not in UTF-8, or with a `Content-Encoding`.",
    cure: "Send `Content-Type: application/json`; for a log `application/gzip` or `text/plain`; and no `Content-Encoding`.",
  },
  idempotency_key_reused: {
    status: 422,
    cause: "The client sent this `Idempotency-Key` with another request within 48 hours.",
    cure: "Use a new `Idempotency-Key` for a new request.",
  },
  too_many_requests: {
    status: 429,
    cause: "The client, the address, or a device that pairs or asks for tokens sends more requests than it may.",
    cure: "Wait as long as `Retry-After` says, then send it again.",
    retryAfterSeconds: 1,
  },
  headers_too_large: {
    status: 431,
    cause: "The request headers are over 16 KiB.",
    cure: "Send fewer or shorter headers.",
  },
  internal_error: {
    status: 500,
    cause: "A fault of the server; the log tells more under the same `request-id`.",
    cure: "Tell the operator the `request-id`.",
  },
  register_unavailable: {
    status: 503,
    cause: "The public register could not be reached or gave no usable answer; nothing was created.",
    cure: "Try again after `Retry-After`; nothing was created.",
    retryAfterSeconds: 10,
  },
  service_unavailable: {
    status: 503,
    cause: "The database is away for a moment, or too much is waiting.",
    cure: "Try again after `Retry-After`; with the same `Idempotency-Key` nothing is done twice.",
    retryAfterSeconds: 1,
  },
  ...deviceErrorCodes,
  ...updateErrorCodes,
  ...payoutDestinationErrorCodes,
  ...peopleErrorCodes,
} as const satisfies Record<string, ErrorRow>;
export type ErrorCode = keyof typeof errorCodes;

/** The usual `Retry-After` of a code; undefined for errors that do not pass by themselves. */
export function retryAfterSecondsOf(code: ErrorCode): number | undefined {
  const row: ErrorRow = errorCodes[code];
  return row.retryAfterSeconds;
}

/** One wrong place in the request; `path` is a JSON pointer below `body`, `query`, `path` or `headers`. */
export const ErrorDetail = Type.Object({ path: Type.String(), message: Type.String() }, { additionalProperties: true });
export type ErrorDetail = Static<typeof ErrorDetail> & ErrorFacts;

/** The body of every answer that is not a success (D23). */
export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: "snake_case, for programs." }),
      message: Type.String({ description: "For people." }),
      errors: Type.Array(ErrorDetail, {
        description: "The places that are wrong; empty when there is no place to name.",
      }),
    }),
  },
  {
    examples: [
      {
        error: {
          code: "invalid_request",
          message: "The request is not valid; see `errors`.",
          errors: [{ path: "/body/store_id", message: "must be text, not a number" }],
        },
      },
    ],
  },
);
export type ErrorBody = Static<typeof ErrorBody>;
