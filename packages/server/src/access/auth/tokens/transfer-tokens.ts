import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { limits } from "@tillkeeper/contract/limits";
import type { Clock } from "../../../platform/clock.ts";
import { ApiError } from "../../../platform/errors.ts";
import type { SigningKeys } from "../keys/signing-keys.ts";
import { bearerToken } from "./bearer.ts";
import { typedTokens } from "./typed-tokens.ts";

/**
 * What a transfer token opens: the files of one operation of one terminal, and nothing else; and whose it is: that of the
 * device that the command went to.
 */
export interface TransferGrant {
  accountId: string;
  terminalId: string;
  operationId: string;
  address: string;
}

export interface TransferTokens {
  sign(grant: Pick<TransferGrant, "address" | "operationId">, expiresAt: Date): Promise<string>;
  /** The grant of an `Authorization: Bearer` header. Throws `missing_token` or `invalid_token`. */
  authenticate(authorization: string | undefined): Promise<TransferGrant>;
}

/** Until when, in business time, the files of an operation may be sent and fetched: an answer may still be on its way at the deadline. */
export function transferEnd(deadline: Date): Date {
  return new Date(deadline.getTime() + limits.transferGraceSeconds * 1000);
}

/**
 * Tokens that go to a terminal with a command, so that it can send or fetch files over HTTPS without any other
 * credential.
 */
export function transferTokens({ keys, clock }: { keys: SigningKeys; clock: Clock }): TransferTokens {
  const tokens = typedTokens({ keys, clock });
  return {
    sign({ address, operationId }, expiresAt) {
      const exp = Math.ceil(clock.toReal(expiresAt).getTime() / 1000);
      return tokens.sign("transfer+jwt", { sub: address, operation: operationId, exp });
    },

    async authenticate(authorization) {
      const header = { headers: { "www-authenticate": 'Bearer realm="tillkeeper transfers"' } };
      if (!authorization) throw new ApiError("missing_token", "The request carries no transfer token.", header);
      const token = bearerToken(authorization) ?? "";
      const verified = await tokens.verify("transfer+jwt", token, ["sub", "operation"]);
      const device = verified.payload && readDeviceAddress(verified.payload.sub);
      if (!device) {
        const cause = verified.payload ? undefined : verified.refused;
        throw new ApiError("invalid_token", "The transfer token is not accepted.", { ...header, cause });
      }
      return { ...device, operationId: verified.payload.operation };
    },
  };
}
