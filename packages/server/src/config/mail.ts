import type { MailSender, SmtpServer } from "./kinds.ts";
import type { SettingName, Values } from "./settings.ts";

/** How this server sends mail. */
export interface MailConfig {
  server: SmtpServer;
  /** File of the authorities whose certificates that server may show. */
  caFile?: string | undefined;
  from: MailSender;
}

/** Checks the settings of mail together. Undefined: no mail is sent. */
export function mailConfig(
  values: Values,
  fault: (name: SettingName, message: string) => void,
): MailConfig | undefined {
  const { TILLKEEPER_SMTP_URL: server, TILLKEEPER_SMTP_CA_FILE: caFile, TILLKEEPER_MAIL_FROM: from } = values;
  if (server && !from) fault("TILLKEEPER_MAIL_FROM", "is needed with the mail server.");
  if (!server && (from || caFile)) {
    fault(
      from ? "TILLKEEPER_MAIL_FROM" : "TILLKEEPER_SMTP_CA_FILE",
      "is for mail: TILLKEEPER_SMTP_URL is needed, too.",
    );
  }
  return server && from ? { server, caFile, from } : undefined;
}
