import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { limits } from "@tillkeeper/contract/limits";
import type { Clock } from "../../../platform/clock.ts";
import { ApiError } from "../../../platform/errors.ts";
import type { SigningKeys } from "../keys/signing-keys.ts";
import { bearerToken } from "./bearer.ts";
import { typedTokens } from "./typed-tokens.ts";

/**
 * What a transfer token opens: the files of one operation of one terminal, and nothing else. It belongs to the device
 * that the command was sent to.
 */
export interface TransferGrant {
  accountId: string;
  terminalId: string;
  operationId: string;
  address: string;
}

export interface TransferTokens {
  sign(grant: Pick<TransferGrant, "address" | "operationId">, expiresAt: Date): Promise<string>;
  /** Returns the grant of an `Authorization: Bearer` header. Throws `missing_token` or `invalid_token`. */
  authenticate(authorization: string | undefined): Promise<TransferGrant>;
}

/**
 * The instant, in business time, until which files of an operation may be transferred. It is later than the deadline,
 * because a result may still be on its way then.
 */
export function transferEnd(deadline: Date): Date {
  return new Date(deadline.getTime() + limits.transferGraceSeconds * 1000);
}

/**
 * Creates the tokens that a terminal gets with a command, so that it can transfer files over HTTPS without another
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
