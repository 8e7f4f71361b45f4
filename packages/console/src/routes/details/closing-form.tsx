import { Trans, useLingui } from "@lingui/react/macro";
import { Switch, Textarea, TextInput } from "@mantine/core";
import { clientOf } from "../../api/client.ts";
import { queryClient } from "../../app/query-client.ts";
import type { Configuration } from "../../closings/types.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Note } from "../../parts/note.tsx";
import { Exceptions } from "./exceptions.tsx";

interface ClosingFormProps {
  account: string;
  store: string;
  configuration: Configuration;
  /** Why nothing can be changed. */
  why: string | undefined;
}

/** When the store is closed by itself, and who is told of a day that was not closed. */
export function ClosingForm({ account, store, configuration, why }: ClosingFormProps) {
  const { t } = useLingui();
  const { auto_end_of_day: auto, mail_to, time_zone: zone, time_zone_guess: guess } = configuration;
  const form = useForm(
    {
      enabled: auto.enabled,
      time: auto.time,
      exceptions: auto.exceptions,
      mail: mail_to.map(({ address }) => address).join("\n"),
    },
    async ({ enabled, time, exceptions, mail }) => {
      await clientOf(account).stores.patchConfiguration(store, {
        auto_end_of_day: { enabled, time, exceptions },
        mail_to: recipientsOf(mail, mail_to),
      });
      await queryClient.invalidateQueries({ queryKey: [account, "configuration", store] });
    },
  );
  return (
    <section className="panel stack" aria-labelledby="closing">
      <h2 id="closing">
        <Trans>Closing the day</Trans>
      </h2>
      {guess !== undefined && <Note tone="doubt">{guess}</Note>}
      <Standing configuration={configuration} />
      <Form form={form} button={t`Save`} saved={t`Saved.`} why={why}>
        <Switch
          label={t`Close the day by itself`}
          checked={form.values.enabled}
          disabled={why !== undefined}
          onChange={({ currentTarget }) => form.set("enabled", currentTarget.checked)}
        />
        <TextInput
          type="time"
          label={t`At`}
          description={t`In the store's time zone, ${zone}.`}
          value={form.values.time}
          disabled={why !== undefined}
          error={form.errorOf("auto_end_of_day/time")}
          onChange={({ currentTarget }) => form.set("time", currentTarget.value)}
        />
        <Exceptions
          exceptions={form.values.exceptions}
          disabled={why !== undefined}
          error={form.errorOf("auto_end_of_day/exceptions")}
          onChange={(exceptions) => form.set("exceptions", exceptions)}
        />
        <Textarea
          label={t`Who is told by mail of a day that was not closed`}
          description={t`One address on each line.`}
          rows={3}
          value={form.values.mail}
          disabled={why !== undefined}
          error={form.errorOf("mail_to")}
          onChange={({ currentTarget }) => form.set("mail", currentTarget.value)}
        />
      </Form>
      {configuration.mail?.off_because !== undefined && <Note tone="idle">{configuration.mail.off_because}</Note>}
    </section>
  );
}

/** What happens next by itself, as it is now and not as the form says. */
function Standing({ configuration: { autopilot, time_zone: zone } }: { configuration: Configuration }) {
  if (autopilot?.next)
    return (
      <p>
        <Trans>
          Closes next by itself: <Instant at={autopilot.next.at} zone={zone} date />.
        </Trans>
      </p>
    );
  return (
    <p className="dimmed">
      <Trans>It does not close by itself.</Trans> {autopilot?.off_because}
    </p>
  );
}

/** The addresses of the lines. Who was there before keeps the language. */
function recipientsOf(lines: string, before: Configuration["mail_to"]): Configuration["mail_to"] {
  const addresses = [...new Set(lines.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
  return addresses.map((address) => before.find((one) => one.address === address) ?? { address });
}
