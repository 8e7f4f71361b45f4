import { Trans, useLingui } from "@lingui/react/macro";
import { changePassword, ownSessionsQuery } from "../../api/people.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { PasswordField } from "../../parts/password-field.tsx";
import { OwnPassword } from "./password-input.tsx";

/** Sets another password. */
export function PasswordForm() {
  const { t } = useLingui();
  const form = useForm({ current: "", new: "" }, async (values) => {
    await changePassword(values);
    await queryClient.invalidateQueries({ queryKey: ownSessionsQuery.queryKey });
  });
  return (
    <section className="panel stack" aria-labelledby="password">
      <h2 id="password">
        <Trans>Another password</Trans>
      </h2>
      <p>
        <Trans>You stay signed in here. Everywhere else you have to sign in again.</Trans>
      </p>
      <Form form={form} button={t`Change the password`} saved={t`Saved.`}>
        <OwnPassword
          value={form.values.current}
          error={form.errorOf("current")}
          onChange={(current) => form.set("current", current)}
        />
        <PasswordField
          label={t`New password`}
          description={t`Ten characters or more.`}
          name="new-password"
          autoComplete="new-password"
          value={form.values.new}
          error={form.errorOf("new")}
          onChange={(value) => form.set("new", value)}
        />
      </Form>
    </section>
  );
}
