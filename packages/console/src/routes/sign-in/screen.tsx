import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { createLazyRoute, useRouter } from "@tanstack/react-router";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { useState } from "react";
import { sessionQuery, signIn } from "../../api/session.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";
import { PasswordField } from "../../parts/password-field.tsx";
import { CodeInput } from "./code-input.tsx";
import { SignInFrame } from "./frame.tsx";
import { InsecureNote, useInsecure } from "./insecure.tsx";
import { ProviderFailure, Providers } from "./providers.tsx";

/** Where people sign in. */
export const Screen = createLazyRoute("/sign-in")({ component: SignInScreen });

function SignInScreen() {
  const { t } = useLingui();
  const router = useRouter();
  const { to, failed } = Screen.useSearch();
  const insecure = useInsecure();
  const [asksCode, setAsksCode] = useState(false);
  const form = useForm({ email: "", password: "", code: "" }, async ({ email, password, code }) => {
    try {
      await signIn({ email, password, ...(code !== "" && { code }) });
    } catch (error) {
      if (!(error instanceof TillkeeperError && error.code === "code_required")) throw error;
      setAsksCode(true);
      return;
    }
    queryClient.removeQueries();
    await queryClient.fetchQuery(sessionQuery);
    // What a front end of others asks is read from the address as it wrote it.
    if (to?.startsWith("/authorize/")) window.location.replace(to);
    else await router.navigate({ to: to ?? "/", replace: true });
  });
  return (
    <SignInFrame>
      <Page title={t`Sign in`}>
        {failed !== undefined && <ProviderFailure failed={failed} />}
        <InsecureNote />
        <Form form={form} button={t`Sign in`} why={insecure}>
          <TextInput
            label={t`E-mail address`}
            type="email"
            name="email"
            autoComplete="username"
            required
            value={form.values.email}
            error={form.errorOf("email")}
            onChange={({ currentTarget }) => form.set("email", currentTarget.value)}
          />
          <PasswordField
            label={t`Password`}
            name="password"
            autoComplete="current-password"
            required
            value={form.values.password}
            error={form.errorOf("password")}
            onChange={(value) => form.set("password", value)}
          />
          {asksCode && <CodeInput form={form} />}
        </Form>
        <Providers to={to ?? "/"} />
        <p className="dimmed">
          <Trans>No account, or the password forgotten? Ask an administrator of your company for a link.</Trans>
        </p>
        <p>
          <Trans>
            For programs: <a href="/docs">the API reference</a>.
          </Trans>
        </p>
      </Page>
    </SignInFrame>
  );
}
