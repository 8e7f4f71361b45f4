import { type Static, type TSchema, Type } from "typebox";
import { eventIdPattern } from "../events.ts";
import { limits } from "../limits.ts";
import { Time, Uuid } from "../scalars.ts";
import { hookEvents } from "./hook-events.ts";

export const hookSecretTypes = ["HMAC-SHA1", "Authorization", "AWS4-HMAC-SHA256"] as const;
export type HookSecretType = (typeof hookSecretTypes)[number];

const strict = { additionalProperties: false } as const;
/** What can stand in a header: no control characters, nothing beyond ASCII. */
const headerText = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "^[!-~]([ -~]*[!-~])?$" });
const word = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "^[!-~]+$" });

/** How requests to the receiver prove where they come from, beside the signature of Standard Webhooks. */
export const HookSecret = Type.Union([
  Type.Object(
    {
      type: Type.Literal("HMAC-SHA1"),
      value: Type.String({
        minLength: 1,
        maxLength: 512,
        description: "The header `event-signature` is the hexadecimal HMAC-SHA1 of the body by this secret.",
      }),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal("Authorization"),
      value: Type.Intersect([headerText(2_000)], { description: "Sent as the header `Authorization`." }),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal("AWS4-HMAC-SHA256"),
      aws_access_key_id: word(128),
      aws_secret_access_key: word(256),
      region: Type.String({ pattern: "^[a-z0-9-]{1,64}$" }),
      service: Type.String({ pattern: "^[a-z0-9-]{1,64}$" }),
    },
    { ...strict, description: "Requests are signed by AWS Signature Version 4." },
  ),
]);
export type HookSecret = Static<typeof HookSecret>;

export const HookConfigInput = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 2_000,
      pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$",
      description:
        "Where events are posted, http or https. Its host has to be public, unless the server allows private ones " +
        "(`TILLKEEPER_WEBHOOK_ALLOW_PRIVATE`; sandboxes do).",
      examples: ["https://pos.example/hooks"],
    }),
    content_type: Type.Optional(Type.Literal("application/json")),
    insecure_ssl: Type.Optional(
      Type.Union([Type.Literal(0), Type.Literal(1)], {
        description: "1: any certificate of the receiver is accepted. 0 by default.",
      }),
    ),
    secret: Type.Optional(HookSecret),
  },
  strict,
);
export type HookConfigInput = Static<typeof HookConfigInput>;

const HookConfig = Type.Object({
  url: Type.String(),
  content_type: Type.Literal("application/json"),
  insecure_ssl: Type.Union([Type.Literal(0), Type.Literal(1)]),
  secret: Type.Optional(
    Type.Object({ type: Type.Enum(hookSecretTypes) }, { description: "Its kind; the secret itself is never shown." }),
  ),
});

export const hookFields = {
  events: Type.Array(Type.Enum(hookEvents, { type: "string" }), {
    minItems: 1,
    maxItems: 200,
    uniqueItems: true,
    description:
      "The events that are sent. Documented ones of parts that this server does not have may be named, and never fire.",
  }),
  active: Type.Boolean({ description: "Whether events are sent. What happens while it is false is not made up for." }),
  fields: Type.String({
    minLength: 1,
    maxLength: 2_000,
    description:
      "Which fields of the object are sent: `a,b` names several, `a/b` a path, `a(b,c)` several of one parent, `*` any. What " +
      "names the event is always sent.",
    examples: ["store(store_id,status)"],
  }),
  exclude_fields: Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description: "Fields of the object that are not sent, at whatever depth.",
    examples: [["phone_number"]],
  }),
  ordered: Type.Boolean({
    description:
      "Events are sent one after the other, in their order: each waits until the one before it was taken or given up. false by default.",
  }),
};

/** A subscription, as its GET shows it. */
export const HookSubscription = Type.Object({
  id: Uuid,
  account_id: Type.String(),
  config: HookConfig,
  events: Type.Array(Type.String()),
  active: Type.Boolean(),
  fields: Type.Optional(Type.String()),
  exclude_fields: Type.Optional(Type.Array(Type.String())),
  ordered: Type.Boolean(),
  state: Type.Enum(["active", "paused"] as const, { description: "paused: nothing is sent, and what waits is kept." }),
  paused_reason: Type.Optional(
    Type.Enum(["asked", "failing"] as const, {
      description: "failing: an event has used up its attempts, and no other was taken meanwhile.",
    }),
  ),
  paused_at: Type.Optional(Time),
  failing_since: Type.Optional(
    Type.String({ format: "date-time", description: "Since then no attempt has succeeded; absent: the last one did." }),
  ),
  last_success_at: Type.Optional(Time),
  signing_secrets: Type.Array(Type.Object({ id: Uuid, created_at: Time, expires_at: Type.Optional(Time) }), {
    description:
      "The secrets of `webhook-signature` that are valid, newest first. An earlier one ends after a rotation.",
  }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  deleted_at: Type.Optional(Time),
  deleted_by: Type.Optional(Type.String()),
});
export type HookSubscription = Static<typeof HookSubscription>;

/** The answer that shows a new signing secret. */
export const HookSubscriptionCreated = Type.Object({
  ...HookSubscription.properties,
  signing_secret: Type.String({
    description: "For `webhook-signature` of Standard Webhooks, as its libraries take it. Shown only in this answer.",
    examples: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  }),
});
export type HookSubscriptionCreated = Static<typeof HookSubscriptionCreated>;

const deliveryFields = {
  id: Type.String({ format: "uuid", description: "Of this attempt." }),
  event_delivery: Type.String({
    format: "uuid",
    description: "The header `event-delivery`: the same in all attempts of one event.",
  }),
  created_at: Time,
  status: Type.Union([Type.Integer(), Type.Null()], {
    description: "The receiver's HTTP status; null: no answer came.",
  }),
  event: Type.String(),
  event_id: Type.Optional(Type.String({ pattern: eventIdPattern, description: "Absent for a ping." })),
  attempt: Type.Integer({ description: "1, 2, 3 …" }),
  state: Type.Enum(["waiting", "sending", "delivered", "given_up"] as const, {
    description: "Of the event's delivery, as it is now.",
  }),
  next_attempt_at: Type.Optional(Time),
};

export const HookDelivery = Type.Object(deliveryFields);
export type HookDelivery = Static<typeof HookDelivery>;

const Headers = Type.Record(Type.String(), Type.String());
const orNull = <S extends TSchema>(schema: S, description: string) =>
  Type.Union([schema, Type.Null()], { description });

/** An attempt with what was sent and what came back. */
export const HookDeliveryDetail = Type.Object({
  ...deliveryFields,
  url: Type.String(),
  request: Type.Object({
    headers: Headers,
    body: Type.Unsafe<unknown>({ description: "The body, as JSON; null for a ping that has none." }),
  }),
  response: orNull(
    Type.Object({
      headers: Headers,
      body: Type.String({ description: `Its beginning, ${limits.hookAnswerBytes} bytes at most.` }),
    }),
    "null: no answer came.",
  ),
  details: Type.Object({
    delivery_at: Time,
    delivery_duration: Type.Number({ description: "Milliseconds." }),
    delivery_success: Type.Boolean(),
    error: Type.Optional(Type.String({ description: "Why no answer came." })),
  }),
});
export type HookDeliveryDetail = Static<typeof HookDeliveryDetail>;

const EventId = Type.String({ pattern: eventIdPattern });

/** Which events are to be sent again. */
export const HookReplay = Type.Object(
  {
    from: Type.Optional(Type.Intersect([EventId], { description: "The first event." })),
    to: Type.Optional(Type.Intersect([EventId], { description: "The last event; left out, the last there is." })),
    since: Type.Optional(
      Type.String({ format: "date-time", description: "In place of `from`: all events that happened then or later." }),
    ),
    missed_only: Type.Optional(
      Type.Boolean({ description: "Only events that this subscription was not sent. false by default." }),
    ),
  },
  strict,
);
export type HookReplay = Static<typeof HookReplay>;

export const HookReplayAccepted = Type.Object({
  id: Uuid,
  from_position: Type.Integer({ description: "Of the first event, as in its id." }),
  to_position: Type.Integer({ description: "Of the last one. Only what the subscription asks for is sent." }),
  created_at: Time,
});
export type HookReplayAccepted = Static<typeof HookReplayAccepted>;

export const HookResume = Type.Object(
  {
    missed: Type.Optional(
      Type.Boolean({
        description:
          "Send the events that happened during the pause, too; by default only what waited when it began. Events that are past their retention are lost.",
      }),
    ),
  },
  strict,
);
export type HookResume = Static<typeof HookResume>;

export const HookRotation = Type.Object(
  {
    secret: Type.Optional(Type.Intersect([HookSecret], { description: "Replaces the secret of `config`, too." })),
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.hookOverlapSecondsMax,
        description: "How long the earlier secrets go on signing beside the new ones; 86400 by default.",
      }),
    ),
  },
  strict,
);
export type HookRotation = Static<typeof HookRotation>;
