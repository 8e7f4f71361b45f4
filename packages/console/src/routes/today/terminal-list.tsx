import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { reasonWords } from "@tillkeeper/words/reasons";
import { screenStepText } from "@tillkeeper/words/screen";
import { storeQuery } from "../../api/queries.ts";
import { shownLanguage } from "../../app/language.ts";
import type { TerminalRow } from "../../closings/rows.ts";
import { TerminalState } from "../../closings/terminal-state.tsx";
import { Amounts } from "../../parts/amounts.tsx";
import { CardList } from "../../parts/card-list.tsx";
import { Instant } from "../../parts/instant.tsx";
import { TerminalName } from "../../parts/terminal-name.tsx";
import { storeRoute } from "../store/route.ts";
import classes from "./today.module.css";

/** How high a card is before it was measured. */
const cardHeight = 100;

/** The terminals, those at which a person has something to do first. */
export function TerminalList({ rows, zone }: { rows: readonly TerminalRow[]; zone: string }) {
  const { t } = useLingui();
  const { account, store } = storeRoute.useParams();
  const { data } = useSuspenseQuery(storeQuery(account, store));
  const serials = new Map(data.terminals.map((one) => [one.terminal_id, one.device_serial_number]));
  if (rows.length === 0)
    return (
      <p className="panel dimmed">
        <Trans>This store has no terminals yet.</Trans>
      </p>
    );
  return (
    <CardList label={t`Terminals`} items={rows} itemKey={({ id }) => id} estimate={cardHeight}>
      {(row) => (
        <div className={classes["terminal"]}>
          <TerminalName id={row.id} serial={serials.get(row.id)} />
          <div className={classes["amount"]}>
            <Amounts of={row.amounts} />
          </div>
          <div className={`row ${classes["do"]}`}>
            <TerminalState row={row} />
            <Detail row={row} zone={zone} />
          </div>
          <ToDo row={row} />
        </div>
      )}
    </CardList>
  );
}

function Detail({ row: { reason, closedAt }, zone }: { row: TerminalRow; zone: string }) {
  if (closedAt !== undefined)
    return (
      <Trans>
        at <Instant at={closedAt} zone={zone} />
      </Trans>
    );
  return reason === undefined ? null : <span>{reasonWords[reason][shownLanguage()]}</span>;
}

function ToDo({ row: { step, isWaiting } }: { row: TerminalRow }) {
  if (step === undefined || step === "nothing") return null;
  return <p className={classes["do"]}>{screenStepText(step, isWaiting, shownLanguage())}</p>;
}
