import type { HookSecretType } from "@tillkeeper/contract/http/hook-schemas";
import type { ColumnType, Generated } from "kysely";
import type { Json } from "./json-column.ts";

type Later<T> = ColumnType<T | null, null | undefined, T | null>;

/** Tables of webhooks: docs/adr/0041-webhooks.md. */
export interface HookTables {
  hook_subscriptions: {
    account_id: string;
    id: string;
    url: string;
    content_type: string;
    insecure_ssl: boolean;
    events: string[];
    active: boolean;
    fields: string | null;
    exclude_fields: string[] | null;
    ordered: boolean;
    after_position: Generated<string>;
    secret_type: HookSecretType | null;
    state: Generated<"active" | "paused">;
    paused_reason: Later<"asked" | "failing">;
    paused_at: Later<Date>;
    paused_position: Later<string>;
    resumed_position: Later<string>;
    failing_since: Later<Date>;
    last_success_at: Later<Date>;
    slow: Generated<boolean>;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
    deleted_at: Later<Date>;
    deleted_by: Later<string>;
  };
  hook_secrets: {
    account_id: string;
    subscription_id: string;
    id: string;
    purpose: "signing" | "config";
    encrypted: string;
    created_at: Date;
    expires_at: Later<Date>;
  };
  hook_deliveries: {
    account_id: string;
    id: string;
    subscription_id: string;
    event: string;
    position: string | null;
    epoch: string | null;
    state: "waiting" | "sending" | "delivered" | "given_up";
    lane: number;
    due_at: Date;
    attempts: Generated<number>;
    first_attempt_at: Later<Date>;
    body: string | null;
    leased_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
    lease: ColumnType<string | null, string | null | undefined, string | null>;
    asked_again: Generated<boolean>;
    created_at: Date;
    finished_at: Later<Date>;
  };
  hook_attempts: {
    account_id: string;
    subscription_id: string;
    id: string;
    delivery_id: string;
    number: number;
    at: Date;
    url: string;
    request_headers: Json<Record<string, string>>;
    status: number | null;
    response_headers: Json<Record<string, string>> | null;
    response_body: string | null;
    error: string | null;
    duration_ms: number;
    succeeded: boolean;
  };
  hook_replays: {
    account_id: string;
    subscription_id: string;
    id: string;
    from_position: string;
    to_position: string;
    again: boolean;
    created_at: Date;
  };
  hook_cursor: { one: Generated<boolean>; place: string };
}
