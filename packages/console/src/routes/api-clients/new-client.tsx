import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import type { ClientCreated } from "@tillkeeper/contract/http/clients";
import { scopes } from "@tillkeeper/contract/scopes";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Choices } from "../../parts/choices.tsx";
import { Form, useForm } from "../../parts/form.tsx";
import { NewSecret } from "../api-client/new-secret.tsx";

/** Makes a client with what it may do in this account, and shows its secret. The form is empty afterwards. */
export function NewClient({ account }: { account: string }) {
  const [made, setMade] = useState<ClientCreated>();
  return (
    <section className="panel stack" aria-labelledby="new-client">
      <h2 id="new-client">
        <Trans>Make an API client</Trans>
      </h2>
      {made && <NewSecret client={made} secret={made.client_secret} />}
      <NewClientForm key={made?.id ?? ""} account={account} onMade={setMade} />
    </section>
  );
}

interface Values {
  name: string;
  description: string;
  scopes: readonly string[];
}

const nothing: Values = { name: "", description: "", scopes: [] };

function NewClientForm({ account, onMade }: { account: string; onMade: (made: ClientCreated) => void }) {
  const { t } = useLingui();
  const form = useForm(nothing, async ({ name, description, scopes: scope }) => {
    const { clients, clientGrants } = clientOf(account);
    try {
      const made = await clients.create({
        name: name.trim(),
        ...(description.trim() !== "" && { description: description.trim() }),
      });
      const audience = `${location.origin}/v1/accounts/${account}`;
      await granted(clientGrants.create({ client_id: made.id, audience, scope: [...scope] }), () =>
        clients.delete(made.id),
      );
      onMade(made);
    } finally {
      await queryClient.invalidateQueries({ queryKey: [account, "clients"] });
    }
  });
  const missing =
    form.values.name.trim() === ""
      ? t`A name is needed.`
      : form.values.scopes.length === 0
        ? t`Choose at least one scope.`
        : undefined;
  return (
    <Form form={form} button={t`Make the client`} why={missing}>
      <TextInput
        label={t`Name`}
        value={form.values.name}
        maxLength={255}
        error={form.errorOf("name")}
        onChange={({ currentTarget }) => form.set("name", currentTarget.value)}
      />
      <TextInput
        label={t`Description`}
        value={form.values.description}
        maxLength={1000}
        error={form.errorOf("description")}
        onChange={({ currentTarget }) => form.set("description", currentTarget.value)}
      />
      <Choices
        legend={<Trans>What it may do (scopes)</Trans>}
        choices={scopes.map((value) => ({ value, label: value }))}
        chosen={form.values.scopes}
        error={form.errorOf("scope")}
        onChange={(chosen) => form.set("scopes", chosen)}
      />
    </Form>
  );
}

/** Waits for the grant. If the grant is refused, the client is deleted: it has no rights, and its secret was never shown. */
async function granted(grant: Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
  try {
    await grant;
  } catch (error) {
    await undo();
    throw error;
  }
}
