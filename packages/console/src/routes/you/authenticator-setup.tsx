import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import type { TotpStarted } from "@tillkeeper/contract/http/totp";
import { useEffect, useRef } from "react";
import { confirmTotp } from "../../api/people.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Qr } from "../../parts/qr.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { CodeInput } from "../sign-in/code-input.tsx";

interface ConfirmProps {
  started: TotpStarted;
  onConfirmed: (recoveryCodes: readonly string[]) => Promise<void>;
}

/** Shows the secret to scan or to type, and asks for the first code. */
export function Confirm({ started: { uri, secret }, onConfirmed }: ConfirmProps) {
  const { t } = useLingui();
  const form = useForm({ code: "" }, async (values) => onConfirmed((await confirmTotp(values)).recovery_codes));
  return (
    <>
      <p>
        <Trans>
          Scan this with the app. On the phone itself, <a href={uri}>open it in the app</a>, or copy the key.
        </Trans>
      </p>
      <Qr text={uri} label={t`QR code of the authenticator`} />
      <ShownOnce label={t`Key of the authenticator`} value={secret}>
        <Trans>For apps that cannot scan it.</Trans>
      </ShownOnce>
      <Form form={form} button={t`Turn it on`}>
        <CodeInput form={form} />
      </Form>
    </>
  );
}

/** The codes for a lost authenticator, this once. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useLingui();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="stack">
      <h3 ref={heading} tabIndex={-1}>
        <Trans>The authenticator is on. Keep your recovery codes.</Trans>
      </h3>
      <ol className="plain-list">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <ShownOnce label={t`Recovery codes`} value={codes.join(" ")}>
        <Trans>
          Each signs you in once in place of a code of the app, should you lose the phone. Keep them on paper, or where
          you keep passwords.
        </Trans>
      </ShownOnce>
      <div>
        <Button onClick={onDone}>
          <Trans>I have kept them</Trans>
        </Button>
      </div>
    </div>
  );
}
