import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { Totp, TotpStarted } from "@tillkeeper/contract/http/totp";
import { useState } from "react";
import { endTotp, startTotp, totpQuery } from "../../api/people.ts";
import { queryClient } from "../../app/query-client.ts";
import { Form, useForm } from "../../parts/form.tsx";
import { Note } from "../../parts/note.tsx";
import { Read } from "../../parts/read.tsx";
import { State } from "../../parts/state.tsx";
import { CodeInput } from "../sign-in/code-input.tsx";
import { Confirm, RecoveryCodes } from "./authenticator-setup.tsx";
import { OwnPassword } from "./password-input.tsx";

/** Whether signing in asks for a code of an authenticator, and what switches that on and off. */
export function Authenticator() {
  const { t } = useLingui();
  const read = useQuery(totpQuery);
  const [started, setStarted] = useState<TotpStarted>();
  const [codes, setCodes] = useState<readonly string[]>();
  const confirmed = async (made: readonly string[]) => {
    setStarted(undefined);
    setCodes(made);
    await refresh();
  };
  return (
    <section className="panel stack" aria-labelledby="authenticator">
      <h2 id="authenticator">
        <Trans>Authenticator</Trans>
      </h2>
      <p>
        <Trans>
          An app on your phone that shows a new code every 30 seconds. With it, whoever learns your password still
          cannot sign in.
        </Trans>
      </p>
      <Read of={read}>
        {(totp) => (
          <>
            <div role="status">
              {totp.on ? <State tone="good">{t`On`}</State> : <State tone="idle">{t`Off`}</State>}
            </div>
            {codes && <RecoveryCodes codes={codes} onDone={() => setCodes(undefined)} />}
            {totp.on && !codes && <On totp={totp} />}
            {!totp.on && !started && <Start onStarted={setStarted} />}
            {!totp.on && started && <Confirm started={started} onConfirmed={confirmed} />}
          </>
        )}
      </Read>
    </section>
  );
}

function Start({ onStarted }: { onStarted: (started: TotpStarted) => void }) {
  const { t } = useLingui();
  const form = useForm({ password: "" }, async (values) => onStarted(await startTotp(values)));
  return (
    <Form form={form} button={t`Set up an authenticator`}>
      <OwnPassword
        value={form.values.password}
        error={form.errorOf("password")}
        onChange={(password) => form.set("password", password)}
      />
    </Form>
  );
}

function On({ totp: { recovery_codes_left: left } }: { totp: Totp }) {
  const { t } = useLingui();
  const [ends, setEnds] = useState(false);
  return (
    <>
      <p>
        <Plural
          value={left}
          one="Signing in asks for its code. # recovery code is left."
          other="Signing in asks for its code. # recovery codes are left."
        />
      </p>
      {left < 3 && (
        <Note tone="doubt">
          <Trans>New recovery codes come with a new setup: turn the authenticator off, then set it up again.</Trans>
        </Note>
      )}
      <details onToggle={({ currentTarget }) => setEnds(currentTarget.open)}>
        <summary>{t`Turn it off`}</summary>
        {ends && <End />}
      </details>
    </>
  );
}

function End() {
  const { t } = useLingui();
  const form = useForm({ password: "", code: "" }, async (values) => {
    await endTotp(values);
    await refresh();
  });
  return (
    <Form form={form} button={t`Turn the authenticator off`}>
      <p>
        <Trans>From then on the password alone signs you in.</Trans>
      </p>
      <OwnPassword
        value={form.values.password}
        error={form.errorOf("password")}
        onChange={(password) => form.set("password", password)}
      />
      <CodeInput form={form} focus={false} />
    </Form>
  );
}

function refresh(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: totpQuery.queryKey });
}
