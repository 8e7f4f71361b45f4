import type { Transfer } from "@tillkeeper/contract/mqtt";
import type { OperationName } from "@tillkeeper/contract/operations";
import { type TransferTokens, transferEnd } from "../auth/transfer-tokens.ts";
import type { Command } from "../operations/commands.ts";
import { preciseTime } from "../platform/timestamps.ts";
import type { FindLiveCredential } from "../terminals/credentials.ts";

/** Answers what a command carries for its files; `undefined` for one that has none. */
export type TransferOf = (command: Command) => Promise<Transfer | undefined>;

/** The last part of the address, for the operations whose files go over HTTPS. */
const endings: Partial<Record<OperationName, string>> = { send_logs: "logs", check_update: "update" };

interface TransferDeps {
  tokens: Pick<TransferTokens, "sign">;
  /** Resolves once this server knows its own address: terminals may connect a moment before. */
  ownUrl: () => Promise<string>;
  findLiveCredential: FindLiveCredential;
}

export function createTransfers({ tokens, ownUrl, findLiveCredential }: TransferDeps): TransferOf {
  return async ({ operation, accountId, terminalId, operationId, deadline }) => {
    const ending = endings[operation];
    if (ending === undefined) return undefined;
    const expiresAt = transferEnd(deadline);
    const [url, live] = await Promise.all([ownUrl(), findLiveCredential(accountId, terminalId)]);
    const grant = { accountId, terminalId, operationId, credentialId: live?.credential_id };
    const token = await tokens.sign(grant, expiresAt);
    return {
      url: `${url}/v1/device/operations/${operationId}/${ending}`,
      token,
      expires_at: preciseTime(expiresAt),
    };
  };
}
