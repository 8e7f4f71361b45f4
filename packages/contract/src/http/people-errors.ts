/** Error codes of users, sign-in and sessions. */
export const peopleErrorCodes = {
  missing_session: {
    status: 401,
    cause: "The request has no cookie of a session that is valid, or it does not come from a page of this server.",
    cure: "Sign in with `POST /v1/auth/sign-in`.",
  },
  sign_in_refused: {
    status: 401,
    cause: "E-mail address or password is wrong.",
    cure: "Check them, or ask an admin of the account for a link.",
  },
  code_required: {
    status: 401,
    cause: "The password is right, and the person has an authenticator: its code is missing.",
    cure: "Send the request again with `code`.",
  },
  code_refused: {
    status: 401,
    cause: "The code is wrong, too old, or was used already.",
    cure: "Wait for the authenticator's next code, or use a recovery code.",
  },
  cross_origin_refused: {
    status: 403,
    cause: "A browser sent the request for a page of another origin.",
    cure: "Send it from a page of this server.",
  },
  secure_page_required: {
    status: 403,
    cause: "A browser sent the request for a page that came by plain HTTP from another machine.",
    cure: "Open the server by https, or on its own machine as http://localhost.",
  },
  sign_in_link_not_found: {
    status: 404,
    cause: "The link is unknown, was used, has expired, or does not count any more.",
    cure: "Ask whoever made it for a new one.",
  },
  sign_in_provider_not_found: {
    status: 404,
    cause: "The server has no provider at which people sign in.",
    cure: "Sign in with e-mail address and password.",
  },
  session_not_found: {
    status: 404,
    cause: "The person has no such session.",
    cure: "Take the id from the list of sessions.",
  },
  totp_not_found: {
    status: 404,
    cause: "The person has no authenticator, or has not begun to set one up.",
    cure: "Begin with `POST /v1/auth/totp`.",
  },
  totp_active: {
    status: 409,
    cause: "The person has an authenticator already.",
    cure: "End that one first, with `DELETE /v1/auth/totp`.",
  },
  user_not_found: { status: 404, cause: "The account has no such user.", cure: "Check the user's id." },
  user_exists: {
    status: 409,
    cause: "The account has a user with this e-mail address.",
    cure: "Change that user.",
  },
  last_admin_user: {
    status: 409,
    cause: "The account would have no user left with the role `admin` who has accepted the invitation.",
    cure: "Make another admin first, and wait until the invitation is accepted.",
  },
  user_not_active: {
    status: 409,
    cause: "The user has not accepted the invitation yet, so there is no password to reset.",
    cure: "Make a link with the purpose `invitation`.",
  },
  sign_in_locked: {
    status: 429,
    cause: "Too many attempts to sign in have failed, from this network or for this address.",
    cure: "Wait as long as `Retry-After` says.",
    retryAfterSeconds: 60,
  },
} as const;
