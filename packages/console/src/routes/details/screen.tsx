import { useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi } from "@tanstack/react-router";
import { writeAccounts } from "@tillkeeper/contract/scopes";
import { configurationQuery, storeDetailsQuery } from "../../api/queries.ts";
import { Freshness } from "../../parts/freshness.tsx";
import { Page } from "../../parts/page.tsx";
import { useMay } from "../../parts/rights.ts";
import { AddressForm } from "./address-form.tsx";
import { ClosingForm } from "./closing-form.tsx";

/** The screen of a store's settings. */
export const Screen = createLazyRoute("/$account/stores/$store/details")({ component: Details });

const storeRoute = getRouteApi("/$account/stores/$store");

function Details() {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  const { place, zone } = storeRoute.useRouteContext();
  const { data: details, dataUpdatedAt, isError } = useSuspenseQuery(storeDetailsQuery(account, store));
  const { data: configuration } = useSuspenseQuery(configurationQuery(account, store));
  const mayChange = useMay(writeAccounts);
  const why = mayChange
    ? undefined
    : t`Your role does not let you change the store. Ask an administrator of the account.`;
  return (
    <Page title={t`Store`} place={place}>
      <Freshness readAt={dataUpdatedAt} zone={zone} failed={isError} />
      <AddressForm key={details.tag} account={account} details={details} why={why} />
      <ClosingForm account={account} store={store} configuration={configuration} why={why} />
    </Page>
  );
}
