import { Trans, useLingui } from "@lingui/react/macro";
import { writeOperations } from "@tillkeeper/contract/scopes";
import type { Operation } from "@tillkeeper/sdk";
import { clientOf } from "../api/client.ts";
import { queryClient } from "../app/query-client.ts";
import { Action } from "./action.tsx";
import { useOperationWords } from "./operation.tsx";
import { useMay } from "./rights.ts";

/** Takes an operation back. One that the terminal has already is asked of the terminal, which may refuse. */
export function CancelOperation({
  account,
  operation: { id, operation, status, cancellation },
}: {
  account: string;
  operation: Operation;
}) {
  const { t } = useLingui();
  const words = useOperationWords();
  const mayWrite = useMay(writeOperations);
  if (status !== "PENDING") return null;
  const cancel = async () => {
    await clientOf(account).operations.cancel(id);
    await queryClient.invalidateQueries({ queryKey: [account, "operations"] });
  };
  if (cancellation?.refused_at !== undefined)
    return (
      <p>
        <Trans>The terminal does not cancel it any more.</Trans>
      </p>
    );
  if (cancellation !== undefined)
    return (
      <p>
        <Trans>The terminal is asked to cancel it.</Trans>
      </p>
    );
  if (!mayWrite) return null;
  const what = words[operation];
  return (
    <Action run={cancel} label={t`Cancel: ${what}`}>
      <Trans>Cancel</Trans>
    </Action>
  );
}
