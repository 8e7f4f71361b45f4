import { limits } from "@tillkeeper/contract/limits";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { bearerToken } from "./bearer.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { typedTokens } from "./typed-tokens.ts";

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

/**
 * Tokens that go to a terminal with a command, so that it can send or fetch files over HTTPS without any other
 * credential.
 */
export function transferTokens(deps: { keys: SigningKeys; clock: Clock }): TransferTokens {
  const tokens = typedTokens(deps);
  return {
    sign({ accountId, terminalId, operationId, credentialId }, expiresAt) {
      return tokens.sign("transfer+jwt", {
        account: accountId,
        operation: operationId,
        ...(credentialId && { credential: credentialId }),
        sub: terminalId,
        exp: Math.ceil(expiresAt.getTime() / 1000),
      });
    },

    async authenticate(authorization) {
      const header = { headers: { "www-authenticate": 'Bearer realm="tillkeeper transfers"' } };
      if (!authorization) throw new ApiError("missing_token", "The request carries no transfer token.", header);
      const token = bearerToken(authorization) ?? "";
      const verified = await tokens.verify("transfer+jwt", token, ["sub", "account", "operation"]);
      if (!verified.payload) {
        throw new ApiError("invalid_token", "The transfer token is not accepted.", {
          ...header,
          cause: verified.refused,
        });
      }
      const { account, sub, operation, credential } = verified.payload;
      return {
        accountId: account,
        terminalId: sub,
        operationId: operation,
        ...(typeof credential === "string" && { credentialId: credential }),
      };
    },
  };
}
