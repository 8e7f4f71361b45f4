import { limits } from "@tillkeeper/contract/limits";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { bearerToken } from "./bearer.ts";
import type { SigningKeys } from "./signing-keys.ts";

/**
 * What a transfer token opens: the files of one operation of one terminal, and nothing else; and whose it is: that of the
 * device with the credential that the terminal had when the token was made.
 */
export interface TransferGrant {
  accountId: string;
  terminalId: string;
  operationId: string;
  /** `undefined` when the terminal had none. */
  credentialId?: string | undefined;
}

export interface TransferTokens {
  sign(grant: TransferGrant, expiresAt: Date): Promise<string>;
  /** The grant of an `Authorization: Bearer` header. Throws `missing_token` or `invalid_token`. */
  authenticate(authorization: string | undefined): Promise<TransferGrant>;
}

/** Until when the files of an operation may be sent and fetched: an answer may still be on its way at the deadline. */
export function transferEnd(deadline: Date): Date {
  return new Date(deadline.getTime() + limits.transferGraceSeconds * 1000);
}

const type = "transfer+jwt";

/**
 * Tokens that go to a terminal with a command, so that it can send or fetch files over HTTPS without any other
 * credential. Signed like access tokens and of another type: neither is ever taken for the other.
 */
export function transferTokens({ keys, clock }: { keys: SigningKeys; clock: Clock }): TransferTokens {
  return {
    async sign({ accountId, terminalId, operationId, credentialId }, expiresAt) {
      const { kid, key } = await keys.current();
      return new SignJWT({
        account: accountId,
        operation: operationId,
        ...(credentialId && { credential: credentialId }),
      })
        .setProtectedHeader({ alg: "EdDSA", kid, typ: type })
        .setSubject(terminalId)
        .setExpirationTime(Math.ceil(expiresAt.getTime() / 1000))
        .sign(key);
    },

    async authenticate(authorization) {
      const header = { headers: { "www-authenticate": 'Bearer realm="tillkeeper transfers"' } };
      if (!authorization) throw new ApiError("missing_token", "The request carries no transfer token.", header);
      const token = bearerToken(authorization) ?? "";
      try {
        const { kid } = decodeProtectedHeader(token);
        const key = kid === undefined ? undefined : await keys.find(kid);
        if (!key) throw new errors.JWSInvalid("unknown key");
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["EdDSA"],
          currentDate: clock.now(),
          requiredClaims: ["exp", "sub", "account", "operation"],
          typ: type,
        });
        const credentialId = payload["credential"];
        return {
          accountId: String(payload["account"]),
          terminalId: String(payload.sub),
          operationId: String(payload["operation"]),
          ...(typeof credentialId === "string" && { credentialId }),
        };
      } catch (error) {
        if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
        throw new ApiError("invalid_token", "The transfer token is not accepted.", { ...header, cause: error });
      }
    },
  };
}
