import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { grantsQuery } from "../../api/api-clients.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Read } from "../../parts/read.tsx";

/** What a client may do, in this account and in those that it operates. */
export function Grants({ account, client }: { account: string; client: string }) {
  const { t } = useLingui();
  const listed = useQuery(grantsQuery(account, client));
  return (
    <section className="stack" aria-labelledby="grants">
      <h2 id="grants">
        <Trans>What it may do (scopes)</Trans>
      </h2>
      <Read of={listed} lines={1}>
        {(grants) => (
          <DataTable
            caption={t`What it may do (scopes)`}
            rows={grants}
            rowKey={({ id }) => id}
            empty={<Trans>Nothing.</Trans>}
            columns={[
              { key: "account", title: t`Account`, cell: ({ audience }) => audience.split("/").at(-1) },
              { key: "scopes", title: t`Scopes`, cell: ({ scope }) => scope.join(", ") },
            ]}
          />
        )}
      </Read>
    </section>
  );
}
