import {
  absent,
  after,
  at,
  batch,
  byHand,
  close,
  type Examples,
  evening,
  morning,
  nextDay,
  tried,
} from "./example-facts.ts";

/** Of the rows in `standings.ts`. */
export const standingExamples: Examples = {
  "nobody asked for it": [
    ["the request named other terminals", { askedAt: null }, { state: "not_needed", reason: "not_asked" }],
  ],
  "a close is under way": [
    [
      "ours",
      after({ end: "pending" }),
      { state: "waiting", reason: "closing", close: "close", next: at("22:01:30"), moving: true },
    ],
    [
      "of the point of sale",
      { closes: [close({ end: "pending", by: "other" })] },
      { state: "waiting", reason: "closing_by_another" },
    ],
    [
      "though the closing was cancelled",
      after({ end: "pending" }),
      { state: "waiting" },
      { ...evening, cancelled: true },
    ],
    ["ours, and the closing has ended", after({ end: "pending" }), { state: "waiting" }, { ...evening, ended: true }],
  ],
  "its former device was replaced with an open batch": [
    [
      "the new one has nothing to close",
      { formerBatch: batch(7, "18:00"), batch: batch(0, "22:00") },
      { state: "unknown", reason: "device_replaced", step: "find_the_batch" },
    ],
    ["the new one is closed", after({}, { formerBatch: batch(7, "18:00") }), { state: "unknown", close: "close" }],
  ],
  "this closing closed it": [
    ["now", after({}), { state: "closed", close: "close" }],
    ["the host will confirm it", after({ unconfirmed: true }), { reason: "unconfirmed", step: "check_with_host" }],
    [
      "and sold since",
      after({}, { batch: batch(1, "22:01") }),
      { state: "closed", openAgain: true, step: "close_again" },
    ],
    ["the batch was told before the close", after({}, { batch: batch(9, "21:59") }), { state: "closed" }],
    ["and was moved since", after({}, { here: false }), { state: "closed" }],
    ["late", after({ knownAt: at("22:01") }), { state: "closed" }],
    [
      "and sells on the next day, as it tells without times",
      after({}, { batch: batch(0, "22:00"), batchNow: { count: 3, at: nextDay("12:00") } }),
      { state: "closed", openAgain: absent },
      { ...evening, ended: true },
    ],
    ["asked once more, but not to close it again", after({}, { askedAt: at("22:01") }), { state: "closed" }],
  ],
  "it has moved, and was closed in this store": [
    ["before", { here: false, closes: [byHand("16:00")] }, { state: "already_closed", reason: "closed_at_terminal" }],
    ["and deleted", { status: "DELETED", closes: [byHand("16:00")] }, { state: "already_closed" }],
  ],
  "it was deleted": [["this afternoon", { status: "DELETED" }, { state: "not_needed", reason: "deleted" }]],
  "it has moved": [["to another store", { here: false }, { state: "not_needed", reason: "moved" }]],
  "it was closed in another way after the request": [
    [
      "by the closing of the day before, which came first when the terminal was back",
      { closes: [close({ by: "other", belongs: "earlier" })] },
      { state: "already_closed", reason: "closed_by_another" },
    ],
    [
      "at the terminal, meanwhile",
      { closes: [byHand("22:00")] },
      { state: "already_closed", reason: "closed_at_terminal" },
    ],
    [
      "and sold since",
      { closes: [byHand("22:00")], batch: batch(2, "22:01") },
      { state: "already_closed", openAgain: true, step: "close_again" },
    ],
  ],
  "it was closed, and its batch is empty now": [
    [
      "and a close of the next day is under way since the closing has ended",
      {
        closes: [
          byHand("16:00"),
          close({ id: "next", end: "pending", by: "other", at: nextDay("22:00"), belongs: "later" }),
        ],
        batch: batch(0, "16:01"),
      },
      { state: "already_closed", close: "hand" },
      { ...evening, ended: true },
    ],
    ["long ago", { closes: [byHand("16:00")], batch: batch(0, "16:01") }, { state: "already_closed", close: "hand" }],
    [
      "then switched off in good order",
      { closes: [byHand("16:00")], batch: batch(0, "16:01"), online: false, shutDown: true },
      { state: "already_closed" },
    ],
    [
      "there is nothing to close again",
      { closes: [byHand("16:00")], batch: batch(0, "16:01"), again: true },
      { state: "already_closed" },
    ],
    [
      "what is open is of the next day",
      {
        closes: [byHand("22:00")],
        askedAt: nextDay("07:00"),
        batch: { ...batch(3, "22:01", nextDay("06:30")), at: nextDay("06:40") },
      },
      { state: "already_closed", openAgain: absent },
      morning,
    ],
  ],
  "it was closed shortly before the request, and does not tell its batch": [
    ["three hours", { closes: [byHand("19:00")] }, { state: "already_closed" }],
    [
      "by an operation",
      { closes: [close({ by: "other", at: at("21:00"), unconfirmed: true })] },
      { state: "already_closed", reason: "closed_by_another", step: "check_with_host" },
    ],
    [
      "found by a close that was out of step",
      { closes: [byHand("21:59"), close({ end: "not_closed", reason: "out_of_step" })], attempts: [tried()] },
      { state: "already_closed", close: "hand" },
    ],
  ],
  "the day is over, it was closed, and does not tell its batch": [
    ["in the evening", { closes: [byHand("20:00")], askedAt: nextDay("07:00") }, { state: "already_closed" }, morning],
    [
      "only this morning",
      {
        closes: [byHand("20:00", { at: nextDay("06:50"), knownAt: nextDay("06:50"), belongs: "later" })],
        askedAt: nextDay("12:00"),
      },
      { state: "already_closed", reason: "closed_later" },
      { ...morning, now: nextDay("12:00") },
    ],
  ],
  "nobody knows how its last close ended, and its batch is empty now": [
    ["ours", after({ end: "unknown" }, { batch: batch(0, "22:01") }), { state: "closed" }],
    ["ours, not answered", after({ end: "unanswered" }, { batch: batch(0, "22:01") }), { state: "closed" }],
    [
      "at the terminal",
      { closes: [byHand("21:00", { end: "unknown" })], batch: batch(0, "22:00") },
      { state: "already_closed", reason: "closed_at_terminal" },
    ],
  ],
  "nobody knows how its last close ended": [
    [
      "power failed in the middle",
      after({ end: "unknown", reason: "device_error" }),
      { state: "unknown", reason: "unknown_end", step: "check_the_close" },
    ],
    ["its answer cannot be read", after({ end: "unknown", reason: "invalid_result" }), { reason: "invalid_result" }],
    ["asked once more", after({ end: "unknown" }, { askedAt: at("22:01") }), { state: "unknown" }],
  ],
  "nothing was sold": [
    ["all day", { batch: batch(0, "09:00") }, { state: "not_needed", reason: "empty", openAgain: absent }],
    [
      "since a close of the day before, which its agent told after the new batch",
      {
        closes: [close({ by: "other", belongs: "earlier", at: at("21:00"), knownAt: at("21:01") })],
        batch: { count: 0, at: new Date(at("21:01").getTime() - 20) },
      },
      { state: "not_needed", reason: "empty" },
    ],
    [
      "by the end of the closing, but after it",
      { batch: batch(0, "22:01"), batchNow: { count: 1, at: at("22:10"), oldestAt: at("22:10") } },
      { state: "not_needed", reason: "empty", openAgain: true, step: "close_the_day" },
      { ...evening, ended: true },
    ],
    [
      "before the day was over",
      { batch: { ...batch(3, "22:01", nextDay("06:30")), at: nextDay("06:40") } },
      { state: "not_needed", reason: "empty" },
      morning,
    ],
  ],
  "no device has paired": [
    ["yet", { status: "PENDING", online: false }, { state: "not_needed", reason: "never_paired" }],
  ],
};
