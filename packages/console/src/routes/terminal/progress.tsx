import { Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { Operation } from "@tillkeeper/sdk";
import { screenStepText } from "@tillkeeper/words/screen";
import { operationQuery } from "../../api/queries.ts";
import { shownLanguage } from "../../app/language.ts";
import { CancelOperation } from "../../parts/cancel-operation.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Money } from "../../parts/money.tsx";
import { OperationState, useOperationWords } from "../../parts/operation.tsx";
import { Read } from "../../parts/read.tsx";

interface ProgressProps {
  account: string;
  id: string;
  zone: string;
  /** The operation was sent before, by another request: the terminal is busy with it. */
  isOther: boolean;
}

/** How an operation stands, until it has ended and after that. Events say when it is to be read anew. */
export function Progress({ account, id, zone, isOther }: ProgressProps) {
  const read = useQuery(operationQuery(account, id));
  const words = useOperationWords();
  return (
    <div role="status" className="stack">
      <Read of={read} lines={1}>
        {(operation) => (
          <>
            <h3>{isOther ? <Trans>The terminal is busy with this</Trans> : <Trans>What became of it</Trans>}</h3>
            <dl className="facts">
              <dt>
                <Trans>Operation</Trans>
              </dt>
              <dd>{words[operation.operation]}</dd>
              <dt>
                <Trans>Status</Trans>
              </dt>
              <dd>
                <OperationState operation={operation} />
              </dd>
              <dt>
                <Trans>Asked for</Trans>
              </dt>
              <dd>
                <Instant at={operation.created_at} zone={zone} /> {operation.created_by_name ?? operation.created_by}
              </dd>
              <Outcome operation={operation} zone={zone} />
            </dl>
            <CancelOperation account={account} operation={operation} />
          </>
        )}
      </Read>
    </div>
  );
}

/** While the operation is live, its deadline; afterwards the answer and the next step. */
function Outcome({ operation, zone }: { operation: Operation; zone: string }) {
  if (operation.status === "PENDING")
    return (
      <>
        <dt>
          <Trans>The terminal has to answer by</Trans>
        </dt>
        <dd>
          <Instant at={operation.deadline} zone={zone} />
        </dd>
      </>
    );
  const { next_step: step } = operation;
  return (
    <>
      <Figures operation={operation} />
      {step !== undefined && step !== "nothing" && (
        <>
          <dt>
            <Trans>What to do</Trans>
          </dt>
          <dd>{screenStepText(step, false, shownLanguage())}</dd>
        </>
      )}
    </>
  );
}

/** What the terminal answered, of the kinds of operations whose answer a person reads. */
function Figures({ operation }: { operation: Operation }) {
  if (operation.operation === "end_of_day") {
    const { sale_amount: minor, currency, batch_id: batch } = operation.result ?? {};
    return (
      <>
        {batch !== undefined && (
          <>
            <dt>
              <Trans>Batch</Trans>
            </dt>
            <dd>{batch}</dd>
          </>
        )}
        {minor !== undefined && currency !== undefined && (
          <>
            <dt>
              <Trans>Amount</Trans>
            </dt>
            <dd>
              <Money minor={minor} currency={currency} />
            </dd>
          </>
        )}
      </>
    );
  }
  if (operation.operation !== "check_update" || operation.result === undefined) return null;
  const { current_version: current, latest_version: latest } = operation.result;
  return (
    <>
      <dt>
        <Trans>Version</Trans>
      </dt>
      <dd>
        {current === latest ? (
          current
        ) : (
          <Trans>
            {current}; the newest is {latest}
          </Trans>
        )}
      </dd>
    </>
  );
}
