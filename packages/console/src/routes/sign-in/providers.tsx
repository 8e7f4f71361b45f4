import { Trans } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { OidcFailure } from "@tillkeeper/contract/http/oidc";
import type { ReactElement } from "react";
import { providersQuery } from "../../api/session.ts";
import { Note } from "../../parts/note.tsx";

/** The ways to sign in elsewhere. Without an answer of the server there are none: the form beside says what is wrong. */
export function Providers({ to }: { to: string }) {
  const { data } = useQuery(providersQuery);
  return data?.providers.map(({ name, start }) => (
    <Button key={start} component="a" variant="default" href={`${start}?to=${encodeURIComponent(to)}`}>
      <Trans>Sign in with {name}</Trans>
    </Button>
  ));
}

const sentences: Record<OidcFailure, () => ReactElement> = {
  unavailable: () => <Trans>The place where you sign in does not answer. Try again in a while.</Trans>,
  refused: () => <Trans>You were not signed in. Try again, or ask an administrator of your company.</Trans>,
  expired: () => <Trans>That took too long, or was used already. Sign in again.</Trans>,
  email_unverified: () => (
    <Trans>Your e-mail address is not confirmed where you sign in. Ask an administrator of your company.</Trans>
  ),
  not_invited: () => <Trans>You have no access here. Ask an administrator of your company for an invitation.</Trans>,
};

/** Why signing in at a provider came to nothing. */
export function ProviderFailure({ failed }: { failed: string }) {
  const sentence = Object.entries(sentences).find(([failure]) => failure === failed)?.[1] ?? sentences.refused;
  return <Note tone="bad">{sentence()}</Note>;
}
