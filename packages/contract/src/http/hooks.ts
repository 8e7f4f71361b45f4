import { type Static, Type } from "typebox";
import { readHooks, writeHooks } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { subscriptionCreated, subscriptionExample, subscriptionRequests } from "./hook-examples.ts";
import {
  HookConfigInput,
  HookDelivery,
  HookDeliveryDetail,
  HookReplay,
  HookReplayAccepted,
  HookResume,
  HookRotation,
  HookSecret,
  HookSubscription,
  HookSubscriptionCreated,
  hookFields,
  hookSecretTypes,
} from "./hook-schemas.ts";
import { limit, startingAfterUuid } from "./paging.ts";
import { ofAccount, PathId } from "./params.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

const { events, active, fields, exclude_fields, ordered } = hookFields;
const strict = { additionalProperties: false } as const;

const HookInput = Type.Object(
  {
    config: HookConfigInput,
    events,
    active: Type.Optional(active),
    fields: Type.Optional(fields),
    exclude_fields: Type.Optional(exclude_fields),
    ordered: Type.Optional(ordered),
  },
  strict,
);
export type HookCreate = Static<typeof HookInput>;
const HookCreate = takesBack(HookInput, HookSubscription);

const SecretAsShown = Type.Object(
  { type: Type.Enum(hookSecretTypes) },
  { ...strict, description: "As it is shown: it stays." },
);
const { secret: _set, ...configFields } = HookConfigInput.properties;
const HookChange = Type.Object(
  {
    config: Type.Optional(
      Type.Object(
        {
          ...Type.Partial(Type.Object(configFields)).properties,
          secret: Type.Optional(
            Type.Union([...HookSecret.anyOf, SecretAsShown, Type.Null()], {
              description:
                "Replaces the secret at once; null: none. `rotate-secret` lets the earlier one sign for a while.",
            }),
          ),
        },
        strict,
      ),
    ),
    events: Type.Optional(events),
    active: Type.Optional(active),
    fields: Type.Optional(Type.Union([fields, Type.Null()], { description: "null: all." })),
    exclude_fields: Type.Optional(Type.Union([exclude_fields, Type.Null()], { description: "null: none." })),
    ordered: Type.Optional(ordered),
  },
  { ...strict, description: "An absent field stays as it is." },
);
export type HookUpdate = Static<typeof HookChange>;
const HookUpdate = takesBack(HookChange, HookSubscription, { created: Type.Object({}) });

const total = Type.Optional(Type.Boolean({ description: "Tell in `total-count` how many there are." }));
const ListQuery = Type.Object({ limit, starting_after: startingAfterUuid, total }, strict);
const DeliveriesQuery = Type.Object(
  {
    ...ListQuery.properties,
    event_delivery: Type.Optional(Type.String({ format: "uuid", description: "Attempts of this delivery only." })),
    success: Type.Optional(Type.Boolean({ description: "Attempts that succeeded, or those that failed." })),
  },
  strict,
);

const tag = "Webhooks";
const list = "/v1/accounts/:aid/hooks/subscriptions";
const one = `${list}/:hid` as const;
const delivery = `${one}/deliveries/:delivery_id` as const;
const ofHook = Type.Object({ ...ofAccount.properties, hid: PathId });
const ofDelivery = Type.Object({ ...ofHook.properties, delivery_id: PathId });
const hook = {
  path: one,
  schema: HookSubscription,
  beside: ["state", "paused_reason", "paused_at", "failing_since", "last_success_at"],
} as const satisfies Resource;
/** An attempt does not change any more. */
const attempt = { path: delivery, schema: HookDeliveryDetail } as const satisfies Resource;
const notFound = "hook_subscription_not_found";

export const hookEndpoints = {
  create: endpoint({
    method: "POST",
    path: list,
    resource: hook,
    scopes: writeHooks,
    id: "aid_source_hooks_post",
    summary: "Create a subscription, which sends a ping at once; its signing secret is shown this once",
    tag,
    params: ofAccount,
    body: HookCreate,
    answers: { 201: HookSubscriptionCreated },
    errors: ["too_many_subscriptions"],
    examples: { request: subscriptionRequests, answer: subscriptionCreated },
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readHooks,
    id: "aid_source_hooks_get",
    summary: "List subscriptions, newest first",
    tag,
    params: ofAccount,
    query: ListQuery,
    answers: { 200: Type.Array(HookSubscription) },
    headers: ["link", "total-count"],
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: hook,
    scopes: readHooks,
    id: "aid_source_hooks_hid_get",
    summary: "Get a subscription",
    tag,
    params: ofHook,
    answers: { 200: HookSubscription },
    errors: [notFound],
    examples: { answer: subscriptionExample },
  }),
  update: endpoint({
    method: "PATCH",
    path: one,
    resource: hook,
    scopes: writeHooks,
    id: "aid_hooks_hid_patch",
    summary: "Change a subscription",
    tag,
    params: ofHook,
    body: HookUpdate,
    answers: { 200: HookSubscription },
    errors: [notFound],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    resource: hook,
    scopes: writeHooks,
    id: "aid_source_hooks_hid_delete",
    summary: "Delete a subscription; nothing is sent any more",
    tag,
    params: ofHook,
    answers: { 200: HookSubscription },
    errors: [notFound],
  }),
  ping: endpoint({
    method: "POST",
    path: `${one}/ping`,
    scopes: writeHooks,
    id: "aid_source_hooks_hid_ping_post",
    summary:
      "Send the event `ping`, once, also while the subscription is paused; the list of deliveries shows what came back",
    tag,
    params: ofHook,
    answers: { 204: Type.Null() },
    errors: [notFound],
  }),
  pause: endpoint({
    method: "POST",
    path: `${one}/pause`,
    resource: hook,
    scopes: writeHooks,
    id: "aid_hooks_hid_pause_post",
    repeatable: true,
    summary: "Pause a subscription: what waits is kept",
    tag,
    params: ofHook,
    answers: { 200: HookSubscription },
    errors: [notFound],
  }),
  resume: endpoint({
    method: "POST",
    path: `${one}/resume`,
    resource: hook,
    scopes: writeHooks,
    id: "aid_hooks_hid_resume_post",
    summary: "Resume a paused subscription, with or without what it missed",
    tag,
    params: ofHook,
    body: HookResume,
    bodyOptional: true,
    answers: { 200: HookSubscription },
    errors: [notFound],
  }),
  rotateSecret: endpoint({
    method: "POST",
    path: `${one}/rotate-secret`,
    resource: hook,
    scopes: writeHooks,
    id: "aid_hooks_hid_rotate_post",
    summary: "Get a new signing secret, shown this once; the earlier ones sign beside it for a while",
    tag,
    params: ofHook,
    body: HookRotation,
    bodyOptional: true,
    answers: { 200: HookSubscriptionCreated },
    errors: [notFound],
  }),
  replay: endpoint({
    method: "POST",
    path: `${one}/replay`,
    scopes: writeHooks,
    id: "aid_hooks_hid_replay_post",
    summary: "Send a range of events again, or all since an event or a time",
    tag,
    params: ofHook,
    body: HookReplay,
    answers: { 202: HookReplayAccepted },
    errors: [notFound],
    examples: {
      request: {
        since: { summary: "All since the morning", value: { since: "2026-06-29T06:00:00Z" } },
        range: { summary: "From one event to another", value: { from: "9f3a01bc-1042", to: "9f3a01bc-1100" } },
      },
    },
  }),
  deliveries: endpoint({
    method: "GET",
    path: `${one}/deliveries`,
    scopes: readHooks,
    id: "aid_source_hooks_hid_deliveries_get",
    summary: "List a subscription's attempts to deliver, newest first",
    tag,
    params: ofHook,
    query: DeliveriesQuery,
    answers: { 200: Type.Array(HookDelivery) },
    errors: [notFound],
    headers: ["link", "total-count"],
  }),
  delivery: endpoint({
    method: "GET",
    path: delivery,
    resource: attempt,
    scopes: readHooks,
    id: "aid_source_hooks_hid_deliveries_id_get",
    summary: "One attempt, with its request and its answer",
    tag,
    params: ofDelivery,
    answers: { 200: HookDeliveryDetail },
    errors: [notFound, "hook_delivery_not_found"],
  }),
  replayDelivery: endpoint({
    method: "POST",
    path: `${delivery}/replay`,
    scopes: writeHooks,
    id: "aid_hooks_hid_deliveries_id_replay_post",
    summary: "Send one delivery again, with the same body",
    tag,
    params: ofDelivery,
    answers: { 202: HookDelivery },
    errors: [notFound, "hook_delivery_not_found"],
  }),
};
