import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { writeHooks } from "@tillkeeper/contract/scopes";
import { webhookQuery } from "../../api/webhooks.ts";
import { Freshness } from "../../parts/freshness.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { useMay } from "../../parts/rights.ts";
import { Actions } from "./actions.tsx";
import { Change } from "./change.tsx";
import { Deliveries } from "./deliveries.tsx";
import { Replay } from "./replay.tsx";
import { WebhookState } from "./state.tsx";

/** One subscription. */
export const Screen = createLazyRoute("/$account/operations/webhooks/$hook")({ component: Webhook });

function Webhook() {
  const { t } = useLingui();
  const { account, hook: id } = Screen.useParams();
  const { data: hook, dataUpdatedAt, isError } = useSuspenseQuery(webhookQuery(account, id));
  const mayWrite = useMay(writeHooks) && hook.deleted_at === undefined;
  const zone = ownZone();
  return (
    <Page title={t`Webhook`} place={hook.config.url}>
      <p>
        <Link to="/$account/webhooks" params={{ account }} search={{}}>
          <Trans>All webhooks</Trans>
        </Link>
      </p>
      <Freshness readAt={dataUpdatedAt} zone={zone} failed={isError} />
      <dl className="facts panel">
        <dt>
          <Trans>Address</Trans>
        </dt>
        <dd>{hook.config.url}</dd>
        <dt>
          <Trans>Status</Trans>
        </dt>
        <dd>
          <WebhookState of={hook} />
        </dd>
        {hook.failing_since !== undefined && (
          <>
            <dt>
              <Trans>Nothing has arrived since</Trans>
            </dt>
            <dd>
              <Instant at={hook.failing_since} zone={zone} date />
            </dd>
          </>
        )}
        <dt>
          <Trans>Kinds of events</Trans>
        </dt>
        <dd>{hook.events.join(", ")}</dd>
        <dt>
          <Trans>Made</Trans>
        </dt>
        <dd>
          <Instant at={hook.created_at} zone={zone} date />
        </dd>
      </dl>
      {mayWrite && (
        <>
          <Actions account={account} hook={hook} />
          <Change account={account} hook={hook} />
          <Replay account={account} hook={hook.id} />
        </>
      )}
      <Deliveries account={account} hook={hook.id} search={Screen.useSearch()} mayWrite={mayWrite} />
    </Page>
  );
}
