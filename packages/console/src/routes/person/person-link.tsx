import { Trans, useLingui } from "@lingui/react/macro";
import type { UserLink } from "@tillkeeper/contract/http/users";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";

/** A link, and the name of the person whom it is for. */
export type MadeLink = UserLink & { name: string };

/** A link that was made for a person. */
export function PersonLink({ name, link, expires_at: until }: MadeLink) {
  const { t } = useLingui();
  return (
    <ShownOnce label={t`Link for ${name}`} value={link}>
      <Trans>
        Hand it to {name}. It works once, until <Instant at={until} zone={ownZone()} date />.
      </Trans>
    </ShownOnce>
  );
}
