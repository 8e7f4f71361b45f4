import { Type } from "typebox";

/** The states of a payout destination's check (its case), as the public reference names them. */
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
    "being checked. WAITING_FOR_…: the seller has to act. ERROR: the check broke off. DECLINED: refused. " +
    "TERMINATED: was in use, and cannot be used any more. ARCHIVED: closed for good.",
  examples: ["ACTIVE"],
});
export type CaseStatus = (typeof caseStatuses)[number];

/** The moves that every open case has. The public reference names the states, but not the moves between them. */
const whileOpen = ["ACTIVE", "DECLINED", "ERROR", "ARCHIVED"] as const;

/**
 * The moves of a case. An open case alternates between review and the seller until it is decided. A decision can be
 * reviewed again. An ACTIVE case ends as TERMINATED, or goes back into review. ARCHIVED is final.
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

/** The first state of a case, except for the decisions of a sandbox below. */
export const firstCaseStatus = "AUTOMATIC_REVIEW" satisfies CaseStatus;

/** Words in `payout_destination_description` that decide the case of a sandbox account at once. */
export const sandboxDecisions = {
  AUTO_APPROVE: "ACTIVE",
  AUTO_DECLINE: "DECLINED",
  AUTO_WAITING_FOR_SIGNATURE: "WAITING_FOR_SIGNATURE",
} as const satisfies Record<string, CaseStatus>;

/** Whether a case may move from one state to another. */
export function mayMove(from: CaseStatus, to: CaseStatus): boolean {
  const allowed: readonly CaseStatus[] = caseMoves[from];
  return allowed.includes(to);
}
