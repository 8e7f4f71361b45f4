import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { writeHooks } from "@tillkeeper/contract/scopes";
import { webhooksQuery } from "../../api/webhooks.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { useMay } from "../../parts/rights.ts";
import { WebhookState } from "../webhook/state.tsx";
import { NewWebhook } from "./new-webhook.tsx";

/** The subscriptions of an account, a page at a time. */
export const Screen = createLazyRoute("/$account/operations/webhooks")({ component: Webhooks });

function Webhooks() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const { after } = Screen.useSearch();
  const listed = useQuery(webhooksQuery(account, after));
  const mayWrite = useMay(writeHooks);
  return (
    <Page title={t`Webhooks`}>
      <Read of={listed}>
        {({ subscriptions, next }) => (
          <>
            <Freshness readAt={listed.dataUpdatedAt} zone={ownZone()} failed={listed.isError} />
            <DataTable
              caption={t`Webhooks`}
              rows={subscriptions}
              rowKey={({ id }) => id}
              empty={<Trans>Events of this account are sent nowhere yet.</Trans>}
              columns={[
                {
                  key: "url",
                  title: t`Address`,
                  cell: ({ id, config }) => (
                    <Link to="/$account/webhooks/$hook" params={{ account, hook: id }} search={{}}>
                      {config.url}
                    </Link>
                  ),
                },
                { key: "state", title: t`Status`, cell: (hook) => <WebhookState of={hook} /> },
                { key: "events", title: t`Kinds of events`, numeric: true, cell: ({ events }) => events.length },
                {
                  key: "last",
                  title: t`Last arrived`,
                  cell: ({ last_success_at: at }) =>
                    at === undefined ? "–" : <Instant at={at} zone={ownZone()} date />,
                },
              ]}
            />
            <nav className="row" aria-label={t`Further webhooks`}>
              {after !== undefined && (
                <Link to="/$account/webhooks" params={{ account }} search={{}}>
                  <Trans>Newest webhooks</Trans>
                </Link>
              )}
              {next !== undefined && (
                <Link to="/$account/webhooks" params={{ account }} search={{ after: next }}>
                  <Trans>Older webhooks</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
      {mayWrite && <NewWebhook account={account} />}
    </Page>
  );
}
