import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { useState } from "react";
import { storesQuery } from "../../api/queries.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";

/** The stores of an account, by name. */
export const Screen = createLazyRoute("/$account/")({ component: Stores });

function Stores() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const { data: stores } = useSuspenseQuery(storesQuery(account));
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = stores
    .map((store) => ({ ...store, name: store.store_name ?? store.store_id }))
    .filter(({ name, store_id }) => `${name} ${store_id}`.toLowerCase().includes(wanted))
    .toSorted((one, other) => one.name.localeCompare(other.name));
  return (
    <Page title={t`Stores`}>
      {stores.length > 8 && (
        <TextInput
          type="search"
          label={t`Find a store`}
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      )}
      <DataTable
        caption={t`Stores`}
        rows={shown}
        rowKey={({ id }) => id}
        empty={
          stores.length === 0 ? (
            <Trans>There are no stores that you may see.</Trans>
          ) : (
            <Trans>No store is called that.</Trans>
          )
        }
        columns={[
          {
            key: "name",
            title: t`Store`,
            cell: ({ id, name }) => (
              <Link to="/$account/stores/$store" params={{ account, store: id }}>
                {name}
              </Link>
            ),
          },
          { key: "place", title: t`Place`, cell: ({ address }) => address?.postal_place ?? "–" },
          {
            key: "status",
            title: t`Status`,
            cell: ({ status }) =>
              status === "ACTIVE" ? (
                <State tone="good">
                  <Trans>In use</Trans>
                </State>
              ) : (
                <State tone="doubt">
                  <Trans>Suspended</Trans>
                </State>
              ),
          },
          {
            key: "terminals",
            title: t`Terminals`,
            numeric: true,
            cell: ({ number_of_terminals }) => number_of_terminals,
          },
        ]}
      />
    </Page>
  );
}
