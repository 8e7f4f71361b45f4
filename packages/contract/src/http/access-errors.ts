/** Error codes of tokens, scopes and grants: who is asking, and what they may do. */
export const accessErrorCodes = {
  missing_token: {
    status: 401,
    cause: "There is no `Authorization` header.",
    cure: "Send `Authorization: Bearer <token>`.",
  },
  invalid_token: {
    status: 401,
    cause: "The token is expired, forged, revoked, or meant for another server.",
    cure: "Get a new token; this one is expired, forged, or meant for another server.",
  },
  invalid_client: {
    status: 401,
    cause: "Client id, secret, or account of the token request is wrong, or none was sent.",
    cure: "Check client id, secret and account.",
  },
  insufficient_scope: {
    status: 403,
    cause:
      "The token holds none of the scopes that the endpoint accepts, or its caller is limited to some stores and this concerns the whole account.",
    cure: "Use a client that holds one of the scopes the message names, and is not limited to stores.",
  },
  scope_not_held: {
    status: 403,
    cause: "The request gives or takes away scopes that its own token does not cover.",
    cure: "Give and take only scopes that your own token covers; the message names the others.",
  },
  not_own_grant: {
    status: 403,
    cause: "The grant belongs to a client of the account's operator.",
    cure: "End the grant with DELETE, or ask the operator to change it.",
  },
  audience_not_granted: {
    status: 403,
    cause: "The client holds no grant for the account that `audience` names.",
    cure: "Ask for an account that the client holds a grant for.",
  },
  operator_only: {
    status: 403,
    cause:
      "On a live account, only a client of the operator that owns it moves a case, or changes what an approval was for.",
    cure: "Use a client of the account's operator, with a grant for the account.",
  },
} as const;
