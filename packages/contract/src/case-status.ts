import { Type } from "typebox";

/** Where the check of a payout destination stands, in the words of the public reference. */
export const caseStatuses = [
  "ACTIVE",
  "DECLINED",
  "UNDER_MANUAL_REVIEW",
  "AUTOMATIC_REVIEW",
  "WAITING_FOR_SIGNATURE",
  "WAITING_FOR_DECLARATION",
  "ERROR",
  "ARCHIVED",
  "WAITING_FOR_DETAILS",
  "TERMINATED",
] as const;
export const CaseStatus = Type.Enum(caseStatuses, {
  description:
    "Where the check of the payout destination stands. ACTIVE: it can be used. AUTOMATIC_REVIEW, UNDER_MANUAL_REVIEW: " +
    "being checked. WAITING_FOR_…: the seller's turn. ERROR: the check broke off. DECLINED: refused. " +
    "TERMINATED: was in use and is not any more. ARCHIVED: put away.",
  examples: ["ACTIVE"],
});
export type CaseStatus = (typeof caseStatuses)[number];

/** What an open case can turn into; the public reference names the words, but not the moves between them. */
const whileOpen = ["ACTIVE", "DECLINED", "ERROR", "ARCHIVED"] as const;

/**
 * The moves of a case. An open case goes to and fro between review and the seller until it is decided; a decision can be
 * looked at again; what is in use is taken out of use by TERMINATED, or sent back into review; ARCHIVED is the end.
 */
export const caseMoves = {
  AUTOMATIC_REVIEW: [
    "UNDER_MANUAL_REVIEW",
    "WAITING_FOR_SIGNATURE",
    "WAITING_FOR_DECLARATION",
    "WAITING_FOR_DETAILS",
    ...whileOpen,
  ],
  UNDER_MANUAL_REVIEW: ["WAITING_FOR_SIGNATURE", "WAITING_FOR_DECLARATION", "WAITING_FOR_DETAILS", ...whileOpen],
  WAITING_FOR_SIGNATURE: ["AUTOMATIC_REVIEW", "UNDER_MANUAL_REVIEW", "WAITING_FOR_DETAILS", ...whileOpen],
  WAITING_FOR_DECLARATION: ["AUTOMATIC_REVIEW", "UNDER_MANUAL_REVIEW", "WAITING_FOR_SIGNATURE", ...whileOpen],
  WAITING_FOR_DETAILS: [
    "AUTOMATIC_REVIEW",
    "UNDER_MANUAL_REVIEW",
    "WAITING_FOR_SIGNATURE",
    "WAITING_FOR_DECLARATION",
    ...whileOpen,
  ],
  ERROR: ["AUTOMATIC_REVIEW", "UNDER_MANUAL_REVIEW", "DECLINED", "ARCHIVED"],
  ACTIVE: ["UNDER_MANUAL_REVIEW", "WAITING_FOR_DECLARATION", "WAITING_FOR_DETAILS", "TERMINATED"],
  DECLINED: ["UNDER_MANUAL_REVIEW", "ARCHIVED"],
  TERMINATED: ["UNDER_MANUAL_REVIEW", "ARCHIVED"],
  ARCHIVED: [],
} as const satisfies { readonly [From in CaseStatus]: readonly Exclude<CaseStatus, From>[] };

/** Where every new case begins, but for the sandbox's short cuts. */
export const firstCaseStatus = "AUTOMATIC_REVIEW" satisfies CaseStatus;

/** What a sandbox account writes into `payout_destination_description` to have a case decided at once. */
export const sandboxDecisions = {
  AUTO_APPROVE: "ACTIVE",
  AUTO_DECLINE: "DECLINED",
  AUTO_WAITING_FOR_SIGNATURE: "WAITING_FOR_SIGNATURE",
} as const satisfies Record<string, CaseStatus>;

export function mayMove(from: CaseStatus, to: CaseStatus): boolean {
  const allowed: readonly CaseStatus[] = caseMoves[from];
  return allowed.includes(to);
}
