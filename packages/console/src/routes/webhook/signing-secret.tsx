import { Trans, useLingui } from "@lingui/react/macro";
import { ShownOnce } from "../../parts/shown-once.tsx";

/** The secret by which the receiver checks what it gets. */
export function SigningSecret({ secret }: { secret: string }) {
  const { t } = useLingui();
  return (
    <ShownOnce label={t`Signing secret`} value={secret}>
      <Trans>The receiver checks by it that events come from here (Standard Webhooks).</Trans>
    </ShownOnce>
  );
}
