import type { Transfer } from "@tillkeeper/contract/mqtt";
import type { OperationName } from "@tillkeeper/contract/operations";
import type { TransferTokens } from "../auth/transfer-tokens.ts";
import type { Command } from "../operations/commands.ts";
import { preciseTime } from "../platform/timestamps.ts";

/** What comes after `/v1/device/operations/{operation_id}/`, of operations that have files. */
const places: Partial<Record<OperationName, string>> = { check_update: "update" };

/** How the files of a command travel: over HTTPS, with a token that is good for this operation until its deadline. */
export function transfers({ tokens, ownUrl }: { tokens: Pick<TransferTokens, "sign">; ownUrl: () => string }) {
  return (command: Command): Promise<Transfer> | undefined => {
    const place = places[command.operation];
    return place === undefined ? undefined : transferTo(place, command);
  };

  async function transferTo(place: string, command: Command): Promise<Transfer> {
    const { operationId, deadline } = command;
    return {
      url: `${ownUrl()}/v1/device/operations/${operationId}/${place}`,
      token: await tokens.sign(command, deadline),
      expires_at: preciseTime(deadline),
    };
  }
}
