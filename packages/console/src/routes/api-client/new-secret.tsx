import { Trans, useLingui } from "@lingui/react/macro";
import type { Client } from "@tillkeeper/contract/http/clients";
import { ShownOnce } from "../../parts/shown-once.tsx";

/** A secret that a client has just got. */
export function NewSecret({ client, secret }: { client: Client; secret: string }) {
  const { t } = useLingui();
  const { name, client_id: clientId } = client;
  const called = name ?? clientId;
  return (
    <ShownOnce label={t`Secret of ${called}`} value={secret}>
      <Trans>
        It goes with the client id <code>{clientId}</code>.
      </Trans>
    </ShownOnce>
  );
}
