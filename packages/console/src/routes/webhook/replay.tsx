import { Trans, useLingui } from "@lingui/react/macro";
import { Switch, TextInput } from "@mantine/core";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { ownZone } from "../../parts/instant.tsx";

const nothing = { since: "", from: "", to: "", missedOnly: false };

/** Sends many events again: all since a time, or those from one event to another. */
export function Replay({ account, hook }: { account: string; hook: string }) {
  const { t } = useLingui();
  const zone = ownZone();
  const form = useForm(nothing, async ({ since, from, to, missedOnly }) => {
    await clientOf(account).hooks.replay(hook, {
      ...(from.trim() === "" ? { since: new Date(since).toISOString() } : { from: from.trim() }),
      ...(to.trim() !== "" && { to: to.trim() }),
      missed_only: missedOnly,
    });
    await queryClient.invalidateQueries({ queryKey: [account, "hooks"] });
  });
  const { since, from, to, missedOnly } = form.values;
  const missing =
    since === "" && from.trim() === ""
      ? t`A time or a first event is needed.`
      : since !== "" && from.trim() !== ""
        ? t`Either a time or a first event, not both.`
        : undefined;
  return (
    <details className="panel">
      <summary>
        <Trans>Send many events again</Trans>
      </summary>
      <Form form={form} button={t`Send them again`} saved={t`They are being sent.`} why={missing}>
        <TextInput
          type="datetime-local"
          label={t`All since (${zone})`}
          value={since}
          error={form.errorOf("since")}
          onChange={({ currentTarget }) => form.set("since", currentTarget.value)}
        />
        <TextInput
          label={t`Id of the first event, in place of a time`}
          value={from}
          maxLength={64}
          error={form.errorOf("from")}
          onChange={({ currentTarget }) => form.set("from", currentTarget.value)}
        />
        <TextInput
          label={t`Id of the last event`}
          description={t`Left empty: up to the last there is.`}
          value={to}
          maxLength={64}
          error={form.errorOf("to")}
          onChange={({ currentTarget }) => form.set("to", currentTarget.value)}
        />
        <Switch
          label={t`Only what was not sent yet`}
          checked={missedOnly}
          onChange={({ currentTarget }) => form.set("missedOnly", currentTarget.checked)}
        />
      </Form>
    </details>
  );
}
