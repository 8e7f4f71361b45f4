import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { writeOperations } from "@tillkeeper/contract/scopes";
import type { Closing, ClosingPreview } from "@tillkeeper/sdk";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { closingQuery, previewQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import type { TerminalRow } from "../../closings/rows.ts";
import { Ask } from "../../parts/ask.tsx";
import { useIsOffline } from "../../parts/live.tsx";
import { Money } from "../../parts/money.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useMay } from "../../parts/rights.ts";
import { storeRoute } from "../store/route.ts";
import classes from "./today.module.css";

interface CloseButtonProps {
  preview: ClosingPreview;
  closing: Closing | undefined;
  rows: readonly TerminalRow[];
  /** The screen could not be read anew. */
  failed: boolean;
  place: string;
  day: string;
}

/** The one button of the day. Disabled, it says why. */
export function CloseButton({ preview, closing, rows, failed, place, day }: CloseButtonProps) {
  const { t } = useLingui();
  const [asks, setAsks] = useState(false);
  const close = useClose(preview, closing);
  const isOffline = useIsOffline();
  const mayClose = useMay(writeOperations);
  const again = rows.some(({ openAgain }) => openAgain);
  const why = isOffline
    ? t`You are offline. Closing needs a network.`
    : failed
      ? t`The server does not answer. Closing needs it.`
      : mayClose
        ? whyNot(closing, rows, again)
        : t`Your role does not let you close the day. Ask an administrator of the account.`;
  const start = () => (closing ? close.mutate(again) : setAsks(true));
  return (
    <div className="stack">
      <div>
        <Button
          size="lg"
          className={classes["big"] ?? ""}
          loading={close.isPending}
          disabled={why !== undefined}
          onClick={start}
          aria-describedby={why === undefined ? undefined : "close-why"}
        >
          {closing === undefined ? (
            <Trans>Close the day</Trans>
          ) : again ? (
            <Trans>Close once more</Trans>
          ) : (
            <Trans>Close what is missing</Trans>
          )}
        </Button>
      </div>
      {why !== undefined && (
        <p id="close-why" className={`dimmed ${classes["under"]}`}>
          {why}
        </p>
      )}
      {close.error && <Problem error={close.error} />}
      {asks && (
        <Ask
          title={t`Close ${day} at ${place}?`}
          button={t`Close the day`}
          onNo={() => setAsks(false)}
          onYes={() => {
            setAsks(false);
            close.mutate(false);
          }}
        >
          <Consequence preview={preview} />
        </Ask>
      )}
    </div>
  );

  function whyNot(of: Closing | undefined, those: readonly TerminalRow[], isOpenAgain: boolean): string | undefined {
    if (of === undefined) {
      if (those.some(({ state }) => state === "open")) return undefined;
      return t`There is nothing to close.`;
    }
    if (isOpenAgain || of.terminals.some(({ retryable }) => retryable)) return undefined;
    if (of.state === "running") return t`It is being closed already.`;
    return of.state === "closed" || of.state === "nothing_to_close"
      ? t`Everything is closed.`
      : t`Closing again would not help. Each terminal below says what to do.`;
  }
}

/** The terminals that the button closes, with the amounts that they tell. */
function Consequence({
  preview: { open, transactions_count: count, silent_count: silent },
}: {
  preview: ClosingPreview;
}) {
  return (
    <>
      <p>
        <Plural value={count} one="# payment is closed:" other="# payments are closed:" />{" "}
        {open.length === 0 ? (
          <Trans>the terminals do not tell the amount.</Trans>
        ) : (
          open.map(({ currency, sale_amount: minor = 0 }, index) => (
            <span key={currency}>
              {index > 0 && ", "}
              <strong>
                <Money minor={minor} currency={currency} />
              </strong>
            </span>
          ))
        )}
      </p>
      {silent > 0 && (
        <p>
          <Plural
            value={silent}
            one="# terminal does not tell what is open; it is closed as well."
            other="# terminals do not tell what is open; they are closed as well."
          />
        </p>
      )}
      <p>
        <Trans>A closed batch cannot be opened again.</Trans>
      </p>
    </>
  );
}

function useClose(preview: ClosingPreview, closing: Closing | undefined) {
  const { account, store } = storeRoute.useParams();
  return useMutation({
    mutationFn: (again: boolean) =>
      clientOf(account).closings.create(store, {
        business_day: closing?.business_day ?? preview.business_day,
        ...(again && { again }),
      }),
    onSuccess: async (made) => {
      queryClient.setQueryData(closingQuery(account, store, made.id).queryKey, made);
      queryClient.setQueryData(
        previewQuery(account, store).queryKey,
        (before) => before && { ...before, closing_id: made.id },
      );
    },
  });
}
