import { ApiError } from "../../platform/errors.ts";

/** `reason` is a sentence for the caller; `cause` is logged only. */
export function invalidToken(reason: string, cause?: unknown): ApiError {
  return new ApiError("invalid_token", `The access token is not accepted. ${reason}`, {
    headers: { "www-authenticate": 'Bearer realm="tillkeeper", error="invalid_token"' },
    cause,
  });
}

/** For a token that outlived its grant. */
export function grantRemoved(): ApiError {
  return invalidToken("Its client or grant has been removed.");
}

/** For a session whose person is no user of the account any more. */
export function userRemoved(): ApiError {
  return invalidToken("The user has been removed.");
}

/** Names the scopes of which any one would suffice; of two lists, one of each. */
export function insufficientScope(accepted: readonly string[], also: readonly string[] = []): ApiError {
  const needed = [accepted, also].filter((list) => list.length > 0).map((list) => list.join(", "));
  return new ApiError("insufficient_scope", `The token needs one of the scopes: ${needed.join("; and one of: ")}.`, {
    headers: {
      "www-authenticate": `Bearer realm="tillkeeper", error="insufficient_scope", scope="${[...accepted, ...also].join(" ")}"`,
    },
  });
}
