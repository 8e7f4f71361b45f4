import { Trans, useLingui } from "@lingui/react/macro";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { OperationName, WhenBusy } from "@tillkeeper/contract/operations";
import type { Store, Terminal } from "@tillkeeper/sdk";
import { TerminalBusyError } from "@tillkeeper/sdk/error";
import { useState } from "react";
import { clientOf } from "../../api/client.ts";
import { previewQuery } from "../../api/queries.ts";
import { rowsOfPreview } from "../../closings/rows.ts";
import { Amounts } from "../../parts/amounts.tsx";
import { Ask } from "../../parts/ask.tsx";
import { Form, useForm } from "../../parts/form.tsx";
import { useIsOffline } from "../../parts/live.tsx";
import { useOperationWords } from "../../parts/operation.tsx";
import { operationsAllowed } from "../../parts/operation-kinds.ts";
import { numberOf } from "../../parts/terminal-name.tsx";
import { Progress } from "./progress.tsx";

interface SendProps {
  account: string;
  store: Store;
  terminal: Terminal;
  zone: string;
}

interface Wanted {
  operation: OperationName | "";
  whenBusy: WhenBusy;
}

const nothing: Wanted = { operation: "", whenBusy: "fail" };

/** Sends an operation to the terminal and shows its progress, or that of the operation that the terminal is busy with. */
export function Send({ account, store, terminal, zone }: SendProps) {
  const { t } = useLingui();
  const words = useOperationWords();
  const allowed = operationsAllowed(terminal.status);
  const [sent, setSent] = useState<string>();
  const [asks, setAsks] = useState(false);
  const isOffline = useIsOffline();
  const form = useForm<Wanted>(nothing, async ({ operation, whenBusy }) => {
    if (operation === "") return;
    setSent(undefined);
    const { id } = await clientOf(account).operations.create({
      terminal_id: terminal.terminal_id,
      operation,
      ...(whenBusy === "wait" && { when_busy: whenBusy }),
    });
    setSent(id);
  });
  const chosen = allowed.find((one) => one === form.values.operation);
  const blocker = form.error instanceof TerminalBusyError ? form.error.blocker?.id : undefined;
  const shown = blocker ?? sent;
  const why =
    allowed.length === 0
      ? t`A terminal in this state takes no operations.`
      : isOffline
        ? t`You are offline. Sending needs a network.`
        : chosen === undefined
          ? t`Choose an operation first.`
          : undefined;
  return (
    <section className="panel stack" aria-labelledby="send">
      <h2 id="send">
        <Trans>Send an operation</Trans>
      </h2>
      <Form
        form={{ ...form, submit: () => (chosen === "end_of_day" ? setAsks(true) : form.submit()) }}
        button={t`Send`}
        why={why}
      >
        <NativeSelect
          label={t`Operation`}
          value={chosen ?? ""}
          disabled={allowed.length === 0}
          description={<Meaning of={chosen} />}
          inputWrapperOrder={["label", "input", "description", "error"]}
          data={[{ value: "", label: t`Choose` }, ...allowed.map((value) => ({ value, label: words[value] }))]}
          onChange={({ currentTarget }) => form.set("operation", currentTarget.value as OperationName | "")}
        />
        <NativeSelect
          label={t`During a payment`}
          value={form.values.whenBusy}
          disabled={allowed.length === 0}
          data={[
            { value: "fail", label: t`Do not do it` },
            { value: "wait", label: t`Wait for the end of the payment` },
          ]}
          onChange={({ currentTarget }) => form.set("whenBusy", currentTarget.value as WhenBusy)}
        />
      </Form>
      {shown !== undefined && (
        <Progress key={shown} account={account} id={shown} zone={zone} isOther={blocker !== undefined} />
      )}
      {asks && (
        <AskToClose
          account={account}
          store={store}
          terminal={terminal.terminal_id}
          onNo={() => setAsks(false)}
          onYes={() => {
            setAsks(false);
            form.submit();
          }}
        />
      )}
    </section>
  );
}

/** What an operation does, before it is sent. */
function Meaning({ of }: { of: OperationName | undefined }) {
  switch (of) {
    case "end_of_day":
      return (
        <Trans>The terminal closes its open batch at the payment host. A closed batch cannot be opened again.</Trans>
      );
    case "send_logs":
      return <Trans>The terminal uploads its logs, in which faults can be looked for.</Trans>;
    case "check_update":
      return (
        <Trans>The terminal fetches its configuration, and asks whether there is a newer version of its program.</Trans>
      );
    case "open_menu":
      return <Trans>The terminal shows its menu to whoever stands in front of it.</Trans>;
    default:
      return null;
  }
}

interface AskToCloseProps {
  account: string;
  store: Store;
  terminal: string;
  onYes: () => void;
  onNo: () => void;
}

/** The question before a close, which cannot be undone: it names the terminal, the store, and the open batch if the terminal tells it. */
function AskToClose({ account, store, terminal, onYes, onNo }: AskToCloseProps) {
  const { t } = useLingui();
  const preview = useQuery(previewQuery(account, store.id)).data;
  const amounts = preview && rowsOfPreview(preview).find(({ id }) => id === terminal)?.amounts;
  const number = numberOf(terminal);
  const place = store.store_name ?? store.store_id;
  return (
    <Ask
      title={t`Close the day of terminal ${number} at ${place}?`}
      button={t`Close its day`}
      onYes={onYes}
      onNo={onNo}
    >
      {amounts && amounts.length > 0 && (
        <div>
          <Trans>Open at the terminal:</Trans> <Amounts of={amounts} />
        </div>
      )}
      <p>
        <Trans>A closed batch cannot be opened again.</Trans>
      </p>
    </Ask>
  );
}
