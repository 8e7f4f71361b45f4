import { Trans, useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { eventTypes } from "@tillkeeper/contract/events";
import type { HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Choices } from "../../parts/choices.tsx";
import { Form, useForm } from "../../parts/form.tsx";

/** Changes where events are sent, and which. */
export function Change({ account, hook }: { account: string; hook: HookSubscription }) {
  const { t } = useLingui();
  const known = { url: hook.config.url, events: hook.events as readonly string[] };
  const form = useForm(known, async ({ url, events }) => {
    await clientOf(account).hooks.update(hook.id, { config: { url: url.trim() }, events: [...events] });
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
    <details className="panel">
      <summary>
        <Trans>Change address and events</Trans>
      </summary>
      <Form form={form} button={t`Save`} saved={t`Saved.`} why={missing}>
        <TextInput
          type="url"
          label={t`Address`}
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
    </details>
  );
}
