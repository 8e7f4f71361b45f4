import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi } from "@tanstack/react-router";
import type { TerminalPresence } from "@tillkeeper/contract/http/presence";
import { presenceQuery, storeQuery } from "../../api/queries.ts";
import { CardList } from "../../parts/card-list.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { TerminalCard } from "./terminal-card.tsx";

/** The terminals of a store: whether each is on, its battery and paper, and what to do. */
export const Screen = createLazyRoute("/$account/stores/$store/terminals")({ component: Terminals });

const storeRoute = getRouteApi("/$account/stores/$store");
/** Terminals at which a person has something to do stand first. */
const order: readonly TerminalPresence["status"][] = ["offline", "never", "late", "shut_down", "online"];

/** How high a card is before it was measured. */
const cardHeight = 140;

function Terminals() {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  const { place, zone } = storeRoute.useRouteContext();
  const { data: details } = useSuspenseQuery(storeQuery(account, store));
  const presence = useQuery(presenceQuery(account, store));
  const terminals = (presence.data?.terminals ?? []).toSorted(
    (one, other) => order.indexOf(one.status) - order.indexOf(other.status),
  );
  const serials = new Map(details.terminals.map((one) => [one.terminal_id, one.device_serial_number]));
  return (
    <Page title={t`Terminals`} place={place}>
      <Read of={presence}>
        {() => (
          <>
            <Freshness readAt={presence.dataUpdatedAt} zone={zone} failed={presence.isError} />
            {terminals.length === 0 && (
              <p className="panel dimmed">
                <Trans>This store has no terminals yet.</Trans>
              </p>
            )}
            <CardList
              label={t`Terminals`}
              items={terminals}
              itemKey={({ terminal_id: id }) => id}
              estimate={cardHeight}
            >
              {(terminal) => (
                <TerminalCard presence={terminal} serial={serials.get(terminal.terminal_id)} zone={zone} />
              )}
            </CardList>
          </>
        )}
      </Read>
    </Page>
  );
}
