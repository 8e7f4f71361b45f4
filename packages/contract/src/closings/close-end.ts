import type { OperationReason } from "../operation-reasons.ts";
import type { EndOfDayResult, OperationStatus } from "../operations.ts";

/** The end of one `end_of_day`, as a late result may have corrected it. */
export interface CloseOperation {
  status: OperationStatus;
  reason?: OperationReason | undefined;
  /** The terminal began it, and does not know how it ended. */
  unknownEnd?: boolean;
  outcome?: EndOfDayResult["outcome"] | undefined;
  /** The terminal's answer after TIMEOUT or a cancel. */
  late?: {
    status: "COMPLETED" | "FAILED";
    reason?: OperationReason | undefined;
    unknownEnd?: boolean;
    outcome?: EndOfDayResult["outcome"] | undefined;
  };
}

/** How a close ended, for the question whether the batch is closed. */
export const closeEnds = ["pending", "closed", "declined", "not_closed", "unanswered", "unknown"] as const;
export type CloseEnd = (typeof closeEnds)[number];

/** Reasons with which the close may have begun, although it did not end well. */
const mayHaveClosed: ReadonlySet<OperationReason> = new Set<OperationReason>(["invalid_result", "storage_failed"]);

/**
 * Whether the batch is closed after this operation:
 * pending: it has not ended. closed: the terminal closed it; the host confirmed it, or may have. declined: the host declined it,
 * and the batch is open. not_closed: it was not begun, or broken off before anything was closed. unanswered: the terminal did not
 * answer; it never begins the same close twice, so a further one may be sent. unknown: it began, and its end is not known.
 */
export function closeEndOf({ late, ...told }: CloseOperation): CloseEnd {
  if (told.status === "PENDING") return "pending";
  const { status, reason, unknownEnd, outcome } = late ?? told;
  if (status === "COMPLETED") return outcome === "declined" ? "declined" : "closed";
  if (unknownEnd || (reason !== undefined && mayHaveClosed.has(reason))) return "unknown";
  if (status === "FAILED") return "not_closed";
  return reason === "unreachable" ? "not_closed" : "unanswered";
}
