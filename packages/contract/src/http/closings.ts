import { type Static, Type } from "typebox";
import { ClosingState } from "../closings/states.ts";
import { limits } from "../limits.ts";
import { WhenBusy } from "../operations.ts";
import { readOperations, writeOperations } from "../scopes.ts";
import { closingExample, closingRequests } from "./closing-examples.ts";
import { ClosingSums, csvType, htmlType, ReportQuery } from "./closing-reports.ts";
import { BusinessDay, Closing, ClosingPreview, ClosingSummary, ExpectedTotals } from "./closing-schemas.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofAccount, ofStore, PathId } from "./params.ts";
import { PreferWait } from "./prefer.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

const ClosingInput = Type.Object(
  {
    business_day: Type.Optional(BusinessDay),
    when_busy: Type.Optional(WhenBusy),
    retry_until: Type.Optional(
      Type.String({
        format: "date-time",
        description:
          "Until then the server goes on with terminals that are away or busy; at most, and by default, until the running business " +
          "day ends. An instant that has passed: one try each.",
      }),
    ),
    terminals: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
        minItems: 1,
        maxItems: limits.closingTerminals,
        uniqueItems: true,
        description: "Only these terminals of the store; by default all.",
      }),
    ),
    again: Type.Optional(
      Type.Boolean({
        description: "Close terminals once more that are closed, if they sold since or do not tell their open batch.",
      }),
    ),
    expected: Type.Optional(
      Type.Array(ExpectedTotals, {
        minItems: 1,
        maxItems: 20,
        description: "The till's own figures of the day, one entry for each currency, to be compared.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ClosingCreate = Static<typeof ClosingInput>;

/** What closings show may come back. */
export const ClosingCreate = takesBack(ClosingInput, Closing);

const ClosingList = Type.Object({ closings: Type.Array(ClosingSummary), starting_after: nextPage });
export type ClosingList = Static<typeof ClosingList>;

const AccountClosingList = Type.Object({ ...ClosingList.properties, sums: Type.Optional(ClosingSums) });
export type AccountClosingList = Static<typeof AccountClosingList>;

const ClosingKey = Type.Object({
  "Idempotency-Key": Type.Optional(
    Type.String({
      format: "uuid",
      description:
        "Not needed to be safe: a further request goes on with the closing of that day. With a key, one that was forgotten by " +
        "mistake is told: another body under the same key is refused for 48 hours.",
    }),
  ),
  ...PreferWait.properties,
});

const days = { business_day: Type.Optional(BusinessDay) };
const OfStoreQuery = Type.Object(
  { ...days, limit, starting_after: startingAfterUuid },
  { additionalProperties: false },
);
const OfAccountQuery = Type.Object(
  { ...OfStoreQuery.properties, store_id: Type.Optional(PathId), status: Type.Optional(ClosingState) },
  { additionalProperties: false },
);
const PreviewQuery = Type.Object(days, { additionalProperties: false });

const tag = "Closings";
const list = "/v1/accounts/:aid/stores/:store_id/closings";
const ofClosing = Type.Object({ ...ofStore.properties, closing_id: PathId });
const closing = {
  path: `${list}/:closing_id`,
  schema: Closing,
  beside: [
    "created_by_name",
    "state",
    "text",
    "counts",
    "totals",
    "batches_without_totals",
    "terminals",
    "comparison",
    "also_open",
    "ended_at",
    "corrected_at",
  ],
} as const satisfies Resource;

export const closingEndpoints = {
  create: endpoint({
    method: "POST",
    path: list,
    resource: closing,
    scopes: writeOperations,
    id: "aid_stores_sid_closings_post",
    summary: "Close a store's business day, or go on with what is missing of it (200)",
    tag,
    params: ofStore,
    body: ClosingCreate,
    bodyOptional: true,
    answers: { 201: Closing, 200: Closing },
    errors: ["invalid_idempotency_key", "idempotency_key_reused", "store_not_found"],
    requestHeaders: ClosingKey,
    headers: ["idempotent-replayed", "preference-applied"],
    examples: { request: closingRequests, answer: closingExample },
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readOperations,
    id: "aid_stores_sid_closings_get",
    summary: "List a store's closings, newest first",
    tag,
    params: ofStore,
    query: OfStoreQuery,
    answers: { 200: ClosingList },
    errors: ["store_not_found"],
  }),
  preview: endpoint({
    method: "GET",
    path: `${list}/preview`,
    scopes: readOperations,
    id: "aid_stores_sid_closings_preview_get",
    summary: "What is open now, and what a closing would do; it closes nothing",
    tag,
    params: ofStore,
    query: PreviewQuery,
    answers: { 200: ClosingPreview },
    errors: ["store_not_found"],
  }),
  get: endpoint({
    method: "GET",
    path: closing.path,
    resource: closing,
    scopes: readOperations,
    id: "aid_stores_sid_closings_id_get",
    summary: "One closing, as its terminals stand now; as CSV or as a page, its report",
    tag,
    params: ofClosing,
    query: ReportQuery,
    answers: { 200: Closing },
    alternatives: [csvType, htmlType],
    errors: ["store_not_found", "closing_not_found", "report_not_found", "not_acceptable"],
    requestHeaders: PreferWait,
    headers: ["preference-applied"],
    examples: { answer: closingExample },
  }),
  cancel: endpoint({
    method: "POST",
    path: `${closing.path}/cancel`,
    resource: closing,
    scopes: writeOperations,
    id: "aid_stores_sid_closings_id_cancel",
    repeatable: true,
    summary: "Cancel what a closing has not begun; what has begun goes on",
    tag,
    params: ofClosing,
    answers: { 200: Closing },
    errors: ["store_not_found", "closing_not_found"],
  }),
  listOfAccount: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/closings",
    scopes: readOperations,
    id: "aid_closings_get",
    summary: "List the closings of all stores of an account, newest first; of one business day with sums",
    tag,
    params: ofAccount,
    query: OfAccountQuery,
    answers: { 200: AccountClosingList },
    errors: ["store_not_found"],
  }),
};
