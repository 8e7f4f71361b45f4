import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import { operationKinds } from "@tillkeeper/contract/operations";
import { type TransferTokens, transferEnd } from "../access/auth/tokens/transfer-tokens.ts";
import type { Command } from "../operations/commands.ts";
import { preciseTime } from "../platform/timestamps.ts";

/** Makes the link and token for the file of a command; `undefined` for an operation without a file. */
export type TransferOf = (command: Command) => Promise<Transfer | undefined>;

interface TransferDeps {
  tokens: Pick<TransferTokens, "sign">;
  /** Resolves once this server knows its own URL: terminals may connect a moment earlier. */
  ownUrl: () => Promise<string>;
}

export function createTransfers({ tokens, ownUrl }: TransferDeps): TransferOf {
  return async ({ operation, address, operationId, deadline }) => {
    const { transfer: ending } = operationKinds[operation];
    if (ending === null) return undefined;
    const expiresAt = transferEnd(deadline);
    const url = await ownUrl();
    const token = await tokens.sign({ address, operationId }, expiresAt);
    return {
      url: `${url}/v1/device/operations/${operationId}/${ending}`,
      token,
      expires_at: preciseTime(expiresAt),
    };
  };
}
