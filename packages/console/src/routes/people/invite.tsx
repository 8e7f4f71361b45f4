import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { type MadeLink, PersonLink } from "../person/person-link.tsx";
import { changeOf, UserFields, type UserValues, useMissing } from "../person/user-fields.tsx";

/** Makes a person a user, and shows the link that invites. The form is empty afterwards, for the next one. */
export function Invite({ account }: { account: string }) {
  const [invited, setInvited] = useState<MadeLink>();
  return (
    <section className="panel stack" aria-labelledby="invite">
      <h2 id="invite">
        <Trans>Invite a person</Trans>
      </h2>
      {invited && <PersonLink {...invited} />}
      <InviteForm key={invited?.link ?? ""} account={account} onInvited={setInvited} />
    </section>
  );
}

const nobody: UserValues = { name: "", email: "", role: "store", stores: [], language: "" };

function InviteForm({ account, onInvited }: { account: string; onInvited: (invited: MadeLink) => void }) {
  const { t } = useLingui();
  const form = useForm(nobody, async (values) => {
    const { users } = clientOf(account);
    try {
      const { id, name } = await users.create({ email: values.email.trim(), ...changeOf(values) });
      onInvited({ name, ...(await users.createLink(id, { purpose: "invitation" })) });
    } finally {
      // Should the link fail, the person is in the list all the same, and gets another one there.
      await queryClient.invalidateQueries({ queryKey: [account, "users"] });
    }
  });
  const missing = useMissing(form.values);
  return (
    <Form form={form} button={t`Invite`} why={missing}>
      <TextInput
        type="email"
        label={t`E-mail`}
        value={form.values.email}
        maxLength={254}
        error={form.errorOf("email")}
        onChange={({ currentTarget }) => form.set("email", currentTarget.value)}
      />
      <UserFields account={account} form={form} />
    </Form>
  );
}
