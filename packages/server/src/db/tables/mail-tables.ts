import type { MailRecipient } from "@tillkeeper/contract/http/mail-schemas";
import type { ColumnType, Generated } from "kysely";

/** Tables of mail: docs/adr/0043-mail.md. */
export interface MailTables {
  mail_lists: {
    account_id: string;
    recipients: ColumnType<MailRecipient[], string, string>;
  };
  mail_days: {
    account_id: string;
    store_ref: string;
    /** YYYY-MM-DD. */
    business_day: ColumnType<Date, string, never>;
    noticed_at: Date;
    look_at: Date;
    told_at: ColumnType<Date | null, null | undefined, Date | null>;
  };
  mail_messages: {
    account_id: string;
    id: string;
    /** Null of a mail with a link, as the day. */
    store_ref: string | null;
    /** YYYY-MM-DD. */
    business_day: ColumnType<Date | null, string | null | undefined, never>;
    link_purpose: ColumnType<"invitation" | "reset" | null, "invitation" | "reset" | null | undefined, never>;
    address: string;
    language: "en" | "nb" | "sv" | "da";
    state: Generated<"waiting" | "link_waiting" | "sent" | "given_up" | "not_needed" | "ended">;
    due_at: Date;
    attempts: Generated<number>;
    created_at: Date;
    finished_at: ColumnType<Date | null, null | undefined, Date | null>;
    leased_until: ColumnType<Date | null, null | undefined, Date | null>;
    lease: ColumnType<string | null, null | undefined, string | null>;
  };
  mail_endings: { account_id: string; address: string; ended_at: Date };
  /** One row for all servers. */
  mail_cursor: { one: Generated<boolean>; place: string };
}
