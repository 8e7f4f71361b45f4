import "@mantine/core/styles/ActionIcon.css";
import "@mantine/core/styles/PasswordInput.css";
import { useLingui } from "@lingui/react/macro";
import { PasswordInput } from "@mantine/core";

interface PasswordFieldProps {
  label: string;
  description?: string;
  name: string;
  /** Whether the browser offers the password that it keeps, or makes one. */
  autoComplete: "current-password" | "new-password";
  required?: boolean;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** Asks for a password, which can be shown. */
export function PasswordField({ onChange, ...rest }: PasswordFieldProps) {
  const { t } = useLingui();
  return (
    <PasswordInput
      {...rest}
      visibilityToggleButtonProps={{ "aria-label": t`Show the password` }}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
