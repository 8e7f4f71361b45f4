import { createTransport } from "nodemailer";
import type { MailConfig } from "../config/mail.ts";
import { isLoopback } from "../platform/loopback.ts";

/** A mail as it goes to the mail server. */
export interface OutgoingMail {
  to: string;
  /** The same for each repetition, so that a reader's mail server keeps one. */
  messageId: string;
  at: Date;
  subject: string;
  text: string;
  html: string;
  /** Where the reader can end these mails; left out of a mail that a person has asked for. */
  endUrl?: string;
}

/** Sends a mail. Rejects with `MailRefused`, or with any other error if it may be tried again. */
export type SendMail = (mail: OutgoingMail, signal: AbortSignal) => Promise<void>;

/** The mail server will not take this mail, or none to this address, however often it is tried. */
export class MailRefused extends Error {}

/** An attempt that brings nothing for so long ends. */
const patienceMs = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 30_000, dnsTimeout: 15_000 };

/** Makes the function that sends mail by the configured server, with a connection for each mail. */
export function createSmtp({ server, from }: MailConfig, ca: string | undefined): SendMail {
  const { host, port, tls, login } = server;
  const transport = createTransport({
    host,
    port,
    secure: tls,
    // A password goes over no wire that others can read.
    requireTLS: login !== undefined && !isLoopback(host),
    ...(login && { auth: { user: login.user, pass: login.password } }),
    ...(ca !== undefined && { tls: { ca } }),
    ...patienceMs,
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, messageId, at, subject, text, html, endUrl }, signal) => {
    try {
      await transport.sendMail({
        envelope: { from: from.address, to: [to] },
        from: { name: from.name, address: from.address },
        to: { name: "", address: to },
        messageId,
        date: at,
        subject,
        text,
        html,
        headers: {
          "Auto-Submitted": "auto-generated",
          // One click is for https addresses only (RFC 8058).
          ...(endUrl?.startsWith("https:") && { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" }),
        },
        ...(endUrl !== undefined && { list: { unsubscribe: endUrl } }),
        signal,
      });
    } catch (error) {
      throw isFinal(error) ? new MailRefused("the mail server refused it for good", { cause: error }) : error;
    }
  };
}

/** Whether the answer says that this address, or this mail, is not wanted: what the sender or the login lacks can be mended. */
function isFinal(error: unknown): boolean {
  const { responseCode = 0, command } = error as { responseCode?: number; command?: string };
  return responseCode >= 500 && (command === "RCPT TO" || command === "DATA");
}
