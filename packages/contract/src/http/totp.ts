import { type Static, Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { GivenPassword, SecondFactorCode, sessionErrors, sessionRoute } from "./people.ts";

const Totp = Type.Object({
  on: Type.Boolean({ description: "Whether signing in asks for a code." }),
  recovery_codes_left: Type.Integer({ description: "How many recovery codes have not been used." }),
});
export type Totp = Static<typeof Totp>;

const TotpStart = Type.Object({ password: GivenPassword }, { additionalProperties: false });
export type TotpStart = Static<typeof TotpStart>;

const TotpStarted = Type.Object({
  uri: Type.String({
    description: "For the authenticator, as a QR code: `otpauth://totp/…`. SHA-1, six digits, 30 seconds.",
  }),
  secret: Type.String({ description: "The same secret, to be typed: base32. Shown only in this answer." }),
});
export type TotpStarted = Static<typeof TotpStarted>;

const TotpConfirm = Type.Object({ code: SecondFactorCode }, { additionalProperties: false });
export type TotpConfirm = Static<typeof TotpConfirm>;

const TotpConfirmed = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: "Each works once in place of a code. Shown only in this answer.",
  }),
});
export type TotpConfirmed = Static<typeof TotpConfirmed>;

const TotpEnd = Type.Object({ password: GivenPassword, code: SecondFactorCode }, { additionalProperties: false });
export type TotpEnd = Static<typeof TotpEnd>;

const path = "/v1/auth/totp";
const proofErrors = [...sessionErrors, "sign_in_refused", "sign_in_locked"] as const;

/** The second factor of the person who is signed in: codes of an authenticator (RFC 6238). */
export const totpEndpoints = {
  get: endpoint({
    ...sessionRoute,
    method: "GET",
    path,
    id: "auth_totp_get",
    summary: "Whether signing in asks the person for a code of an authenticator",
    answers: { 200: Totp },
    errors: sessionErrors,
  }),
  start: endpoint({
    ...sessionRoute,
    method: "POST",
    path,
    id: "auth_totp_post",
    summary: "Make the secret for an authenticator; nothing changes before its first code is confirmed",
    body: TotpStart,
    answers: { 200: TotpStarted },
    errors: [...proofErrors, "totp_active"],
  }),
  confirm: endpoint({
    ...sessionRoute,
    method: "POST",
    path: `${path}/confirm`,
    id: "auth_totp_confirm_post",
    summary: "Show a code of the new authenticator; from now on signing in asks for one",
    body: TotpConfirm,
    answers: { 200: TotpConfirmed },
    errors: [...sessionErrors, "code_refused", "sign_in_locked", "totp_active", "totp_not_found"],
  }),
  end: endpoint({
    ...sessionRoute,
    method: "DELETE",
    path,
    id: "auth_totp_delete",
    summary: "Sign in without codes from now on; the recovery codes go, too",
    body: TotpEnd,
    answers: { 204: Type.Null() },
    errors: [...proofErrors, "code_refused", "totp_not_found"],
  }),
};
