import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { User } from "@tillkeeper/contract/http/users";
import { usersQuery } from "../../api/people.ts";
import { storesQuery } from "../../api/queries.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Read } from "../../parts/read.tsx";
import { State } from "../../parts/state.tsx";
import { useRoleWords } from "../person/roles.ts";

/** The users of the account, newest first. */
export function Users({ account, after }: { account: string; after: string | undefined }) {
  const { t } = useLingui();
  const listed = useQuery(usersQuery(account, after));
  const columns = useColumns(account);
  return (
    <Read of={listed}>
      {(data) => (
        <>
          <DataTable
            caption={t`People`}
            columns={columns}
            rows={data.users}
            rowKey={({ id }) => id}
            empty={<Trans>Nobody may use this account by signing in yet.</Trans>}
          />
          <nav className="row" aria-label={t`Further people`}>
            {after !== undefined && (
              <Link to="/$account/people" params={{ account }} search={{}}>
                <Trans>Newest people</Trans>
              </Link>
            )}
            {data.starting_after !== undefined && (
              <Link to="/$account/people" params={{ account }} search={{ after: data.starting_after }}>
                <Trans>Further people</Trans>
              </Link>
            )}
          </nav>
        </>
      )}
    </Read>
  );
}

function useColumns(account: string): Column<User>[] {
  const { t } = useLingui();
  const roles = useRoleWords();
  const stores = useQuery(storesQuery(account)).data ?? [];
  const nameOf = (id: string) => stores.find((store) => store.id === id)?.store_name ?? id;
  return [
    {
      key: "name",
      title: t`Name`,
      cell: ({ id, name }) => (
        <Link to="/$account/people/$user" params={{ account, user: id }}>
          {name}
        </Link>
      ),
    },
    { key: "email", title: t`E-mail`, cell: ({ email }) => email },
    { key: "role", title: t`Role`, cell: ({ role }) => roles[role].name },
    {
      key: "stores",
      title: t`Stores`,
      cell: ({ role, stores: named = [] }) =>
        role === "store" ? named.map(nameOf).toSorted().join(", ") : <Trans>All</Trans>,
    },
    {
      key: "status",
      title: t`Status`,
      cell: ({ status }) =>
        status === "ACTIVE" ? (
          <State tone="good">
            <Trans>Has access</Trans>
          </State>
        ) : (
          <State tone="busy">
            <Trans>Invited</Trans>
          </State>
        ),
    },
  ];
}
