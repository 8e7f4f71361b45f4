import type { CloseFacts } from "./facts.ts";
import { after, pauses, type Rule, type Standing } from "./standing.ts";
import type { ClosingReason } from "./states.ts";
import type { View } from "./view.ts";

const hour = 3_600_000;
/** A close that the terminal's batch does not confirm counts for so long before the request (D31). */
const closeCountsMs = 3 * hour;
const closedBy = ({ by, belongs }: CloseFacts): ClosingReason =>
  belongs === "later" ? "closed_later" : by === "terminal" ? "closed_at_terminal" : "closed_by_another";
const already = ({ last, sold }: View): Omit<Standing, "rule"> => ({
  state: "already_closed",
  ...(last && { reason: closedBy(last), close: last.id }),
  ...(last?.unconfirmed && { step: "check_with_host" as const }),
  ...(sold && { openAgain: true as const, step: "close_again" as const }),
});
/** What was decided before: closes, batches, and where the terminal is. */
export const standings: readonly Rule[] = [
  {
    rule: "nobody asked for it",
    applies: ({ askedAt }) => askedAt === null,
    stands: () => ({ state: "not_needed", reason: "not_asked" }),
  },
  {
    rule: "a close is under way",
    applies: ({ pending }) => pending !== undefined,
    stands: ({ pending, day }) => ({
      state: "waiting",
      reason: pending?.by === "closing" ? "closing" : "closing_by_another",
      step: "wait",
      close: pending?.id,
      next: after(day, pauses.underWay),
      moving: true,
    }),
  },
  {
    rule: "its former device was replaced with an open batch",
    applies: ({ formerBatch, own, last, empty, here }) =>
      formerBatch !== undefined && formerBatch.count > 0 && (own !== undefined || last !== undefined || empty || !here),
    stands: ({ last }) => ({ state: "unknown", reason: "device_replaced", step: "find_the_batch", close: last?.id }),
  },
  {
    rule: "this closing closed it",
    applies: ({ own }) => own !== undefined,
    stands: ({ own, sold }) => ({
      state: "closed",
      close: own?.id,
      ...(own?.unconfirmed && { reason: "unconfirmed", step: "check_with_host" }),
      ...(sold && { openAgain: true, step: "close_again" }),
    }),
  },
  {
    rule: "it has moved, and was closed in this store",
    applies: ({ here, status, last }) => (!here || status === "DELETED") && last !== undefined,
    stands: (view) => already({ ...view, sold: false }),
  },
  {
    rule: "it was deleted",
    applies: ({ status }) => status === "DELETED",
    stands: () => ({ state: "not_needed", reason: "deleted" }),
  },
  {
    rule: "it has moved",
    applies: ({ here }) => !here,
    stands: () => ({ state: "not_needed", reason: "moved" }),
  },
  {
    rule: "it was closed in another way after the request",
    applies: ({ last, latest, asked }) => last !== undefined && last === latest && last.at >= asked,
    stands: already,
  },
  {
    rule: "it was closed, and its batch is empty now",
    applies: ({ last, latest, empty }) => last !== undefined && last === latest && empty,
    stands: already,
  },
  {
    rule: "it was closed shortly before the request, and does not tell its batch",
    applies: ({ last, latest, told, again, asked }) =>
      last !== undefined &&
      last === latest &&
      told === undefined &&
      !again &&
      last.at.getTime() >= asked.getTime() - closeCountsMs,
    stands: already,
  },
  {
    rule: "the day is over, it was closed, and does not tell its batch",
    applies: ({ last, latest, told, again, asked, day }) =>
      last !== undefined && last === latest && told === undefined && !again && asked >= day.endsAt,
    stands: already,
  },
  {
    rule: "nobody knows how its last close ended, and its batch is empty now",
    applies: ({ latest, empty }) => latest !== undefined && latest.end !== "closed" && empty,
    stands: ({ latest }) => ({
      ...(latest?.by === "closing"
        ? { state: "closed" }
        : { state: "already_closed", reason: latest && closedBy(latest) }),
      close: latest?.id,
    }),
  },
  {
    rule: "nobody knows how its last close ended",
    applies: ({ latest, told, again, asked }) =>
      latest?.end === "unknown" && told === undefined && !(again && latest.at < asked),
    stands: ({ latest }) => ({
      state: "unknown",
      reason: latest?.reason === "invalid_result" ? "invalid_result" : "unknown_end",
      step: "check_the_close",
      close: latest?.id,
    }),
  },
  {
    rule: "nothing was sold",
    applies: ({ last, empty }) => last === undefined && empty,
    stands: ({ sold }) => ({
      state: "not_needed",
      reason: "empty",
      ...(sold && { openAgain: true, step: "close_the_day" }),
    }),
  },
  {
    rule: "no device has paired",
    applies: ({ status }) => status === "PENDING",
    stands: () => ({ state: "not_needed", reason: "never_paired", step: "pair_terminal" }),
  },
];
