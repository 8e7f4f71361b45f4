import { Trans, useLingui } from "@lingui/react/macro";
import { usePrefetchQuery, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { presenceWords } from "@tillkeeper/words/screen";
import { presenceOfOneQuery, terminalQuery, timelineQuery } from "../../api/queries.ts";
import { shownLanguage } from "../../app/language.ts";
import { Afterwards } from "../../parts/afterwards.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { numberOf } from "../../parts/terminal-name.tsx";
import { TerminalStatusState } from "../../parts/terminal-status.tsx";
import { Pairing } from "./pairing.tsx";
import { Send } from "./send.tsx";
import { Timeline } from "./timeline.tsx";

/** One terminal: where it stands, and what happened to it. */
export const Screen = createLazyRoute("/$account/operations/terminals/$terminal")({ component: Terminal });

function Terminal() {
  const { t } = useLingui();
  const { account, terminal: id } = Screen.useParams();
  const { zone, store } = Screen.useLoaderData();
  const read = useSuspenseQuery(terminalQuery(account, id));
  const terminal = read.data;
  const storeId = store?.id ?? terminal.store_id;
  const presence = useQuery({ ...presenceOfOneQuery(account, storeId, id), enabled: store !== undefined }).data;
  const search = Screen.useSearch();
  // What is drawn afterwards is asked for with the rest.
  usePrefetchQuery(timelineQuery(account, storeId, id, search));
  const number = numberOf(terminal.terminal_id);
  return (
    <Page title={t`Terminal ${number}`} place={store && (store.store_name ?? store.store_id)}>
      <Freshness readAt={read.dataUpdatedAt} zone={zone} failed={read.isError} />
      <dl className="facts panel">
        <dt>
          <Trans>Status</Trans>
        </dt>
        <dd>
          <TerminalStatusState status={terminal.status} />
        </dd>
        {presence && (
          <>
            <dt>
              <Trans>Connection</Trans>
            </dt>
            <dd>
              {presenceWords[presence.status][shownLanguage()]}{" "}
              <small className="dimmed">
                <Trans>
                  since <Instant at={presence.since} zone={zone} />
                </Trans>
              </small>
            </dd>
          </>
        )}
        <dt>
          <Trans>Store</Trans>
        </dt>
        <dd>
          {store ? (
            <Link to="/$account/stores/$store/terminals" params={{ account, store: store.id }}>
              {store.store_name ?? store.store_id}
            </Link>
          ) : (
            <Trans>{storeId}, which was deleted</Trans>
          )}
        </dd>
        <dt>
          <Trans>Id</Trans>
        </dt>
        <dd>{terminal.terminal_id}</dd>
        <dt>
          <Trans>Serial number</Trans>
        </dt>
        <dd>{terminal.device_serial_number}</dd>
        <dt>
          <Trans>Model</Trans>
        </dt>
        <dd>{terminal.device_model ?? "–"}</dd>
        <dt>
          <Trans>Registered</Trans>
        </dt>
        <dd>
          <Instant at={terminal.created_at} zone={zone} date />
        </dd>
      </dl>
      {store && (
        <>
          <Pairing account={account} terminal={terminal} zone={zone} />
          <Send account={account} store={store} terminal={terminal} zone={zone} />
        </>
      )}
      <Afterwards>
        <Timeline account={account} store={storeId} terminal={id} zone={zone} search={search} />
      </Afterwards>
    </Page>
  );
}
