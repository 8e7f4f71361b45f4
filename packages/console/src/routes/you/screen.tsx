import { useLingui } from "@lingui/react/macro";
import { createLazyRoute, getRouteApi } from "@tanstack/react-router";
import { Page } from "../../parts/page.tsx";
import { Authenticator } from "./authenticator.tsx";
import { OwnSessions } from "./own-sessions.tsx";
import { PasswordForm } from "./password-form.tsx";

/** How the person signs in. */
export const Screen = createLazyRoute("/$account/you")({ component: You });

const accountRoute = getRouteApi("/$account");

function You() {
  const { t } = useLingui();
  const { session } = accountRoute.useRouteContext();
  return (
    <Page title={t`Your sign-in`}>
      <p className="dimmed">{session.user.email}</p>
      <Authenticator />
      <PasswordForm />
      <OwnSessions />
    </Page>
  );
}
