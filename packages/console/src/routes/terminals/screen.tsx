import { Trans, useLingui } from "@lingui/react/macro";
import { useQueries, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi } from "@tanstack/react-router";
import type { TerminalPresence, TerminalTelemetry } from "@tillkeeper/contract/http/presence";
import { presenceQuery, storeQuery, telemetryQuery } from "../../api/queries.ts";
import { Freshness } from "../../parts/freshness.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { TerminalCard } from "./terminal-card.tsx";

/** The terminals of a store: whether each is on, its battery and paper, and what to do. */
export const Screen = createLazyRoute("/$account/stores/$store/terminals")({ component: Terminals });

const storeRoute = getRouteApi("/$account/stores/$store");
/** Terminals at which a person has something to do stand first. */
const order: readonly TerminalPresence["status"][] = ["offline", "never", "late", "shut_down", "online"];

function Terminals() {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  const { place, zone } = storeRoute.useRouteContext();
  const { data: details } = useSuspenseQuery(storeQuery(account, store));
  const presence = useQuery(presenceQuery(account, store));
  const known = useQueries({
    queries: details.terminals.map(({ terminal_id: id }) => telemetryQuery(account, store, id)),
  });
  const telemetry = new Map<string, TerminalTelemetry["telemetry"] | undefined>(
    known.map(({ data }, index) => [details.terminals[index]?.terminal_id ?? "", data?.telemetry]),
  );
  const terminals = (presence.data?.terminals ?? []).toSorted(
    (one, other) => order.indexOf(one.status) - order.indexOf(other.status),
  );
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
            <ul className="plain-list stack">
              {terminals.map((terminal) => (
                <TerminalCard
                  key={terminal.terminal_id}
                  presence={terminal}
                  telemetry={telemetry.get(terminal.terminal_id)}
                  details={details.terminals.find(({ terminal_id: id }) => id === terminal.terminal_id)}
                  zone={zone}
                />
              ))}
            </ul>
          </>
        )}
      </Read>
    </Page>
  );
}
