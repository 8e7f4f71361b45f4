import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { eventTypes } from "@tillkeeper/contract/events";
import type { HookSubscriptionCreated } from "@tillkeeper/contract/http/hook-schemas";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Choices } from "../../parts/choices.tsx";
import { Form, useForm } from "../../parts/form.tsx";
import { SigningSecret } from "../webhook/signing-secret.tsx";

/** Makes a subscription, which sends a ping at once, and shows its secret. The form is empty afterwards. */
export function NewWebhook({ account }: { account: string }) {
  const [made, setMade] = useState<HookSubscriptionCreated>();
  return (
    <section className="panel stack" aria-labelledby="new-webhook">
      <h2 id="new-webhook">
        <Trans>Send events to an address</Trans>
      </h2>
      {made && <SigningSecret secret={made.signing_secret} />}
      <NewWebhookForm key={made?.id ?? ""} account={account} onMade={setMade} />
    </section>
  );
}

interface FormProps {
  account: string;
  onMade: (made: HookSubscriptionCreated) => void;
}

const nothing: { url: string; events: readonly string[] } = { url: "", events: [] };

function NewWebhookForm({ account, onMade }: FormProps) {
  const { t } = useLingui();
  const form = useForm(nothing, async ({ url, events }) => {
    onMade(await clientOf(account).hooks.create({ config: { url: url.trim() }, events: [...events] }));
    await queryClient.invalidateQueries({ queryKey: [account, "hooks"] });
  });
  const { url, events } = form.values;
  const missing =
    url.trim() === ""
      ? t`An address is needed.`
      : events.length === 0
        ? t`Choose at least one kind of event.`
        : undefined;
  return (
    <Form form={form} button={t`Make the webhook`} why={missing}>
      <TextInput
        type="url"
        label={t`Address`}
        description={t`A ping is sent there at once.`}
        value={url}
        maxLength={2000}
        error={form.errorOf("config/url")}
        onChange={({ currentTarget }) => form.set("url", currentTarget.value)}
      />
      <Choices
        legend={<Trans>Kinds of events</Trans>}
        choices={eventTypes.map((value) => ({ value, label: value }))}
        chosen={events}
        error={form.errorOf("events")}
        onChange={(chosen) => form.set("events", chosen)}
      />
    </Form>
  );
}
