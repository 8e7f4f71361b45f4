import { useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { FormState } from "../../parts/form.tsx";

interface CodeInputProps<Values> {
  form: FormState<Values>;
  /** Whether it takes the focus when it appears. */
  focus?: boolean;
}

/** Asks for the code of an authenticator. Where it appears because a code is wanted, it gets the focus. */
export function CodeInput<Values extends { code: string }>({ form, focus = true }: CodeInputProps<Values>) {
  const { t } = useLingui();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus) input.current?.focus();
  }, [focus]);
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
