import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi, Link, useRouter } from "@tanstack/react-router";
import type { Client } from "@tillkeeper/contract/http/clients";
import { writeClients } from "@tillkeeper/contract/scopes";
import { apiClientQuery } from "../../api/api-clients.ts";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { useMay } from "../../parts/rights.ts";
import { State } from "../../parts/state.tsx";
import { Grants } from "./grants.tsx";
import { Secrets } from "./secrets.tsx";

/** One API client. */
export const Screen = createLazyRoute("/$account/operations/api-clients/$client")({ component: ApiClient });

const accountRoute = getRouteApi("/$account");

function ApiClient() {
  const { t } = useLingui();
  const { account, client: id } = Screen.useParams();
  const { data: client } = useSuspenseQuery(apiClientQuery(account, id));
  const mayWrite = useMay(writeClients) && client.status === "ACTIVE";
  return (
    <Page title={client.name ?? client.client_id} place={t`API clients`}>
      <p>
        <Link to="/$account/api-clients" params={{ account }} search={{}}>
          <Trans>All API clients</Trans>
        </Link>
      </p>
      <dl className="facts panel">
        <dt>
          <Trans>Client id</Trans>
        </dt>
        <dd>{client.client_id}</dd>
        <dt>
          <Trans>Status</Trans>
        </dt>
        <dd>
          {client.status === "ACTIVE" ? (
            <State tone="good">
              <Trans>Has access</Trans>
            </State>
          ) : (
            <State tone="idle">
              <Trans>Deleted</Trans>
            </State>
          )}
        </dd>
        <dt>
          <Trans>Description</Trans>
        </dt>
        <dd>{client.description ?? "–"}</dd>
        <dt>
          <Trans>Made</Trans>
        </dt>
        <dd>
          <Instant at={client.created_at} zone={ownZone()} date />
        </dd>
      </dl>
      <Secrets account={account} client={client} mayWrite={mayWrite} />
      <Grants account={account} client={client.id} />
      {mayWrite && <Revoke account={account} client={client} />}
    </Page>
  );
}

function Revoke({ account, client }: { account: string; client: Client }) {
  const { t } = useLingui();
  const router = useRouter();
  const { account: member } = accountRoute.useRouteContext();
  const name = client.name ?? client.client_id;
  const place = member.name;
  const revoke = async () => {
    await clientOf(account).clients.delete(client.id);
    await router.navigate({ to: "/$account/api-clients", params: { account }, search: {} });
    await queryClient.invalidateQueries({ queryKey: [account, "clients"] });
  };
  return (
    <section className="panel stack" aria-labelledby="revoke">
      <h2 id="revoke">
        <Trans>End of access</Trans>
      </h2>
      <Action
        run={revoke}
        ask={{
          title: t`End the access of ${name} to ${place}?`,
          button: t`End the access`,
          text: (
            <p>
              <Trans>
                Within 5 seconds the program can do nothing any more. Its secrets and its client id never work again.
              </Trans>
            </p>
          ),
        }}
      >
        <Trans>End the access</Trans>
      </Action>
    </section>
  );
}
