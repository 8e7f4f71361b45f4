import { Trans, useLingui } from "@lingui/react/macro";
import { PasswordInput, TextInput } from "@mantine/core";
import { createLazyRoute, useRouter } from "@tanstack/react-router";
import { sessionQuery, takeLink } from "../../api/session.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Note } from "../../parts/note.tsx";
import { Page } from "../../parts/page.tsx";
import { SignInFrame } from "./frame.tsx";

/** Where an invitation or the link of a reset leads: one gives a name and a password. */
export const Screen = createLazyRoute("/sign-in/link")({ component: LinkScreen });

function LinkScreen() {
  const { t } = useLingui();
  const token = location.hash.slice(1);
  return (
    <SignInFrame>
      <Page title={t`Your account`}>
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
  const form = useForm({ name: "", password: "" }, async ({ name, password }) => {
    await takeLink({ token, password, ...(name !== "" && { name }) });
    queryClient.removeQueries();
    const session = await queryClient.fetchQuery(sessionQuery);
    await router.navigate({ to: session ? "/" : "/sign-in", replace: true });
  });
  return (
    <Form form={form} button={t`Save`}>
      <TextInput
        label={t`Your name`}
        description={t`Left empty, it stays as it is.`}
        name="name"
        autoComplete="name"
        value={form.values.name}
        error={form.errorOf("name")}
        onChange={({ currentTarget }) => form.set("name", currentTarget.value)}
      />
      <PasswordInput
        label={t`New password`}
        name="password"
        autoComplete="new-password"
        required
        visibilityToggleButtonProps={{ "aria-label": t`Show the password` }}
        value={form.values.password}
        error={form.errorOf("password")}
        onChange={({ currentTarget }) => form.set("password", currentTarget.value)}
      />
    </Form>
  );
}
