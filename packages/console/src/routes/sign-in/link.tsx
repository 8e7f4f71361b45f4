import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { createLazyRoute, useRouter } from "@tanstack/react-router";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { useState } from "react";
import { sessionQuery, takeLink } from "../../api/session.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Note } from "../../parts/note.tsx";
import { Page } from "../../parts/page.tsx";
import { PasswordField } from "../../parts/password-field.tsx";
import { CodeInput } from "./code-input.tsx";
import { SignInFrame } from "./frame.tsx";
import { InsecureNote, useInsecure } from "./insecure.tsx";

/** Where an invitation or the link of a reset leads: one gives a name and a password. */
export const Screen = createLazyRoute("/sign-in/link")({ component: LinkScreen });

function LinkScreen() {
  const { t } = useLingui();
  const token = location.hash.slice(1);
  return (
    <SignInFrame>
      <Page title={t`Your account`}>
        <InsecureNote />
        {token === "" ? (
          <Note tone="bad">
            <Trans>The link is not whole. Open it once more from where you got it.</Trans>
          </Note>
        ) : (
          <LinkForm token={token} />
        )}
      </Page>
    </SignInFrame>
  );
}

function LinkForm({ token }: { token: string }) {
  const { t } = useLingui();
  const router = useRouter();
  const insecure = useInsecure();
  // A link that signs in once needs nothing more; the server names what others need.
  const [asks, setAsks] = useState({ password: false, code: false });
  const form = useForm({ name: "", password: "", code: "" }, async ({ name, password, code }) => {
    try {
      await takeLink({
        token,
        ...(name !== "" && { name }),
        ...(password !== "" && { password }),
        ...(code !== "" && { code }),
      });
    } catch (error) {
      if (!(error instanceof TillkeeperError)) throw error;
      const isCode = error.code === "code_required";
      if (asks.password && !isCode) throw error;
      if (!isCode && error.status !== 400) throw error;
      setAsks({ password: true, code: isCode });
      return;
    }
    queryClient.removeQueries();
    await queryClient.fetchQuery(sessionQuery);
    await router.navigate({ to: "/", replace: true });
  });
  return (
    <Form form={form} button={t`Go on`} why={insecure}>
      {asks.password && (
        <>
          <TextInput
            label={t`Your name`}
            description={t`Left empty, it stays as it is.`}
            name="name"
            autoComplete="name"
            value={form.values.name}
            error={form.errorOf("name")}
            onChange={({ currentTarget }) => form.set("name", currentTarget.value)}
          />
          <PasswordField
            label={t`Password`}
            description={t`A new one of ten characters or more; the one you have, if you have one here already.`}
            name="password"
            autoComplete="new-password"
            value={form.values.password}
            error={form.errorOf("password")}
            onChange={(value) => form.set("password", value)}
          />
        </>
      )}
      {asks.code && <CodeInput form={form} />}
    </Form>
  );
}
