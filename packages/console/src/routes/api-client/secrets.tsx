import { Trans, useLingui } from "@lingui/react/macro";
import type { Client, ClientSecretInfo } from "@tillkeeper/contract/http/clients";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { NewSecret } from "./new-secret.tsx";

interface SecretsProps {
  account: string;
  client: Client;
  mayWrite: boolean;
}

/** The valid secrets of a client, by their last characters; another one, and the end of one. */
export function Secrets({ account, client, mayWrite }: SecretsProps) {
  const { t } = useLingui();
  const [secret, setSecret] = useState<string>();
  const { clients } = clientOf(account);
  const refresh = () => queryClient.invalidateQueries({ queryKey: [account, "clients"] });
  const rotate = async () => {
    const { client_secret: made } = await clients.rotateSecret(client.id);
    setSecret(made);
    await refresh();
  };
  const end = async (id: string) => {
    await clients.deleteSecret(client.id, id);
    await refresh();
  };
  const columns = useColumns(client, mayWrite ? end : undefined);
  return (
    <section className="stack" aria-labelledby="secrets">
      <h2 id="secrets">
        <Trans>Secrets</Trans>
      </h2>
      <DataTable
        caption={t`Secrets`}
        columns={columns}
        rows={client.secrets}
        rowKey={({ id }) => id}
        empty={<Trans>It has no secret that works.</Trans>}
      />
      {secret !== undefined && <NewSecret client={client} secret={secret} />}
      {mayWrite && (
        <>
          <p className="dimmed">
            <Trans>A new secret works at once. Those that it replaces work for 24 hours more.</Trans>
          </p>
          <Action run={rotate}>
            <Trans>Replace the secret</Trans>
          </Action>
        </>
      )}
    </section>
  );
}

function useColumns(client: Client, end?: (id: string) => Promise<void>): Column<ClientSecretInfo>[] {
  const { t } = useLingui();
  const name = client.name ?? client.client_id;
  const columns: Column<ClientSecretInfo>[] = [
    { key: "secret", title: t`Secret`, cell: (secret) => <code>{endOf(secret)}</code> },
    { key: "made", title: t`Made`, cell: ({ created_at: at }) => <Instant at={at} zone={ownZone()} date /> },
    {
      key: "until",
      title: t`Works until`,
      cell: ({ expires_at: at }) =>
        at === undefined ? <Trans>it is deleted</Trans> : <Instant at={at} zone={ownZone()} date />,
    },
  ];
  if (!end) return columns;
  return [
    ...columns,
    {
      key: "end",
      title: t`End`,
      cell: (secret) => {
        const which = endOf(secret);
        return (
          <Action
            label={t`Delete the secret ${which}`}
            run={() => end(secret.id)}
            ask={{
              title: t`Delete the secret ${which} of ${name}?`,
              button: t`Delete the secret`,
              text: (
                <p>
                  <Trans>Programs that use it get no further token. It cannot be brought back.</Trans>
                </p>
              ),
            }}
          >
            <Trans>Delete</Trans>
          </Action>
        );
      },
    },
  ];
}

function endOf({ last_four: last }: ClientSecretInfo): string {
  return last === undefined ? "…" : `…${last}`;
}
