import { useLingui } from "@lingui/react/macro";
import { PasswordField } from "../../parts/password-field.tsx";

interface OwnPasswordProps {
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** Asks for the password that the person has now. */
export function OwnPassword({ value, error, onChange }: OwnPasswordProps) {
  const { t } = useLingui();
  return (
    <PasswordField
      label={t`Your password`}
      name="password"
      autoComplete="current-password"
      value={value}
      error={error}
      onChange={onChange}
    />
  );
}
