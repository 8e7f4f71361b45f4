import { useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { FormState } from "../../parts/form.tsx";

/** Asks for the code of an authenticator. It appears when the server wants one, and gets the focus then. */
export function CodeInput<Values extends { code: string }>({ form }: { form: FormState<Values> }) {
  const { t } = useLingui();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <TextInput
      ref={input}
      label={t`Code of your authenticator`}
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      value={form.values.code}
      error={form.errorOf("code")}
      onChange={({ currentTarget }) => form.set("code", currentTarget.value)}
    />
  );
}
