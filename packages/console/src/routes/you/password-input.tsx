import { useLingui } from "@lingui/react/macro";
import { PasswordInput } from "@mantine/core";

interface OwnPasswordProps {
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** Asks for the password that the person has now. */
export function OwnPassword({ value, error, onChange }: OwnPasswordProps) {
  const { t } = useLingui();
  return (
    <PasswordInput
      label={t`Your password`}
      name="password"
      autoComplete="current-password"
      visibilityToggleButtonProps={{ "aria-label": t`Show the password` }}
      value={value}
      error={error}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
