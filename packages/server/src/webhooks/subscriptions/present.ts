import { eventId } from "@tillkeeper/contract/events";
import type { HookDelivery, HookDeliveryDetail, HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import { documentedTime, preciseTime } from "../../platform/timestamps.ts";
import type { AttemptRow, SecretRow, SubscriptionRow } from "./queries.ts";

/** A subscription, without its secrets. */
export function presentSubscription(row: SubscriptionRow, secrets: readonly SecretRow[]): HookSubscription {
  const signing = secrets.filter((secret) => secret.subscription_id === row.id && secret.purpose === "signing");
  return {
    id: row.id,
    account_id: row.account_id,
    config: {
      url: row.url,
      content_type: "application/json",
      insecure_ssl: row.insecure_ssl ? 1 : 0,
      ...(row.secret_type !== null && { secret: { type: row.secret_type } }),
    },
    events: row.events,
    active: row.active,
    ...(row.fields !== null && { fields: row.fields }),
    ...(row.exclude_fields !== null && { exclude_fields: row.exclude_fields }),
    ordered: row.ordered,
    state: row.state,
    ...(row.paused_reason !== null && { paused_reason: row.paused_reason }),
    ...(row.paused_at !== null && { paused_at: documentedTime(row.paused_at) }),
    ...(row.failing_since !== null && { failing_since: documentedTime(row.failing_since) }),
    ...(row.last_success_at !== null && { last_success_at: documentedTime(row.last_success_at) }),
    signing_secrets: signing.map(({ id, created_at: at, expires_at: end }) => ({
      id,
      created_at: documentedTime(at),
      ...(end !== null && { expires_at: documentedTime(end) }),
    })),
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    ...(row.deleted_at !== null && { deleted_at: documentedTime(row.deleted_at) }),
    ...(row.deleted_by !== null && { deleted_by: row.deleted_by }),
  };
}

export function presentDelivery(row: AttemptRow): HookDelivery {
  return {
    id: row.id,
    event_delivery: row.delivery_id,
    created_at: preciseTime(row.at),
    status: row.status,
    event: row.event,
    ...(row.epoch !== null && { event_id: eventId({ epoch: row.epoch, position: Number(row.position) }) }),
    attempt: row.number,
    state: row.state,
    ...(row.state === "waiting" && { next_attempt_at: preciseTime(row.due_at) }),
  };
}

export function presentDeliveryDetail(row: AttemptRow): HookDeliveryDetail {
  return {
    ...presentDelivery(row),
    url: row.url,
    request: { headers: row.request_headers, body: row.body === null ? null : JSON.parse(row.body) },
    response: row.status === null ? null : { headers: row.response_headers ?? {}, body: row.response_body ?? "" },
    details: {
      delivery_at: preciseTime(row.at),
      delivery_duration: row.duration_ms,
      delivery_success: row.succeeded,
      ...(row.error !== null && { error: row.error }),
    },
  };
}
