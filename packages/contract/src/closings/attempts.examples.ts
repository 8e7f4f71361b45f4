import {
  absent,
  after,
  at,
  batch,
  byHand,
  close,
  type Examples,
  evening,
  lastCall,
  morning,
  nextDay,
  tried,
} from "./example-facts.ts";

/** Of the rows in `attempts.ts`. */
export const attemptExamples: Examples = {
  "its time was over before an attempt was sent": [
    [
      "the servers were away all night",
      { attempts: [tried({ close: undefined })] },
      { state: "failed", reason: "expired" },
      { ...lastCall, now: nextDay("09:00"), retryUntil: nextDay("05:00") },
    ],
  ],
  "an attempt is to be sent": [
    ["written down", { attempts: [tried({ close: undefined })] }, { state: "waiting", next: "send" }],
    [
      "once the terminal is free",
      { attempts: [tried({ close: undefined })], busy: true },
      { reason: "busy", next: at("22:01:02") },
    ],
    [
      "though nobody waits any longer",
      { attempts: [tried({ close: undefined })], busy: true },
      { state: "failed", reason: "busy" },
      lastCall,
    ],
  ],
  "its device cannot close": [
    [
      "says its list of abilities",
      { attempts: [tried({ close: undefined, refused: "unsupported" })] },
      { state: "failed", reason: "unsupported", step: "update_terminal" },
    ],
  ],
  "it was deleted before the attempt": [
    [
      "just now",
      { attempts: [tried({ close: undefined, refused: "gone" })] },
      { state: "not_needed", reason: "deleted" },
    ],
  ],
  "the host declined its close": [
    ["once", after({ end: "declined" }), { state: "failed", reason: "declined", close: "close" }],
  ],
  "closes came between again and again": [
    [
      "four times",
      { attempts: Array.from({ length: 4 }, () => tried({ close: undefined, refused: "close_moved" })) },
      { state: "failed", reason: "out_of_step", step: "read_last_close" },
      { ...evening, now: at("22:00") },
    ],
  ],
  "its close failed, and a person has to look": [
    ["paper jam", after({ end: "not_closed", reason: "device_error" }), { state: "failed", reason: "device_error" }],
    [
      "somebody pressed stop",
      after({ end: "not_closed", reason: "user_aborted" }),
      { state: "failed", reason: "user_aborted", step: "ask_at_terminal" },
    ],
  ],
  "the closing was cancelled": [
    [
      "when an attempt had been written down, and not sent",
      { attempts: [tried({ close: undefined })] },
      { state: "failed", reason: "cancelled" },
      { ...evening, cancelled: true },
    ],
    ["before its turn", {}, { state: "failed", reason: "cancelled" }, { ...evening, cancelled: true }],
    [
      "after a close that was not answered: it may have closed",
      after({ end: "unanswered", reason: "no_answer" }),
      { state: "unknown", reason: "no_answer", step: "send_again_unsure" },
      { ...evening, cancelled: true },
    ],
  ],
  "its close was not answered, and the time for attempts is over": [
    [
      "no late result",
      after({ end: "unanswered", reason: "no_answer" }),
      { state: "unknown", reason: "no_answer", step: "send_again_unsure" },
      lastCall,
    ],
  ],
  "its last close failed, and the time for attempts is over": [
    [
      "a payment goes on",
      after({ end: "not_closed", reason: "busy_payment" }),
      { state: "failed", reason: "busy_payment", step: "send_again_after_payment" },
      lastCall,
    ],
    [
      "it was not reached, and the close before was not answered",
      {
        closes: [
          close({ id: "first", end: "unanswered", reason: "no_answer" }),
          close({ end: "not_closed", reason: "unreachable" }),
        ],
        attempts: [tried({ close: "first" }), tried()],
      },
      { state: "unknown", reason: "no_answer", close: "first" },
      lastCall,
    ],
    [
      "it answered after a close that it had not answered, which it therefore had not made",
      {
        closes: [
          close({ id: "first", end: "unanswered", reason: "no_answer" }),
          close({ end: "not_closed", reason: "busy_payment" }),
        ],
        attempts: [tried({ close: "first" }), tried()],
      },
      { state: "failed", reason: "busy_payment" },
      lastCall,
    ],
  ],
  "it has no configuration yet": [
    ["today", { status: "ACTION_REQUIRED" }, { state: "waiting", step: "fetch_configuration_first" }],
    ["and nobody waits", { status: "ACTION_REQUIRED" }, { state: "failed", reason: "not_ready" }, lastCall],
  ],
  "it is not connected": [
    ["in the drawer", { online: false }, { state: "waiting", reason: "away", step: "bring_back", moving: absent }],
    ["and sold before", { online: false, batch: batch(4, "18:00") }, { state: "waiting", reason: "away" }],
    ["its batch was empty when it fell off", { online: false, batch: batch(0, "18:00") }, { reason: "away" }],
    ["and nobody waits", { online: false }, { state: "failed", reason: "unreachable", step: "switch_on" }, lastCall],
    [
      "until the day was over",
      { online: false },
      { state: "failed", reason: "unreachable", step: "switch_on" },
      { ...lastCall, now: nextDay("05:00"), retryUntil: nextDay("05:00") },
    ],
    [
      "since a close of the point of sale was not answered, and nobody waits",
      { online: false, closes: [close({ by: "other", at: at("21:00"), end: "unanswered", reason: "no_answer" })] },
      { state: "unknown", reason: "no_answer", step: "send_again_unsure", close: "close" },
      lastCall,
    ],
    ["did not answer before", after({ end: "unanswered", reason: "no_answer" }, { online: false }), { reason: "away" }],
  ],
  "it is busy with another operation": [
    ["an update", { busy: true }, { state: "waiting", reason: "busy", moving: true }],
    ["and nobody waits", { busy: true }, { state: "failed", reason: "busy" }, lastCall],
  ],
  "its last close ended just now, and the next attempt waits": [
    [
      "for a payment",
      after({ end: "not_closed", reason: "busy_payment", at: at("22:01"), knownAt: at("22:01") }),
      { state: "waiting", reason: "busy_payment", step: "finish_payment", next: at("22:01:20") },
    ],
  ],
  "it was closed a moment ago, and is about to tell its batch": [
    [
      "yesterday's batch, and whoever asked presses the button once more",
      {
        closes: [close({ by: "other", belongs: "earlier", at: at("22:00:55") })],
        batch: batch(3, "21:00"),
        askedAt: at("22:01"),
      },
      { state: "waiting", reason: "closing", step: "wait", next: at("22:01:01"), moving: true },
    ],
    [
      "and asked to close it again",
      { closes: [close({ at: at("22:00:55") })], batch: batch(3, "21:00"), again: true, askedAt: at("22:00:58") },
      { state: "waiting", next: at("22:01:01") },
    ],
    [
      "and nobody waits",
      {
        closes: [close({ by: "other", belongs: "earlier", at: at("22:00:55") })],
        batch: batch(3, "21:00"),
        askedAt: at("22:01"),
      },
      { state: "waiting", moving: true },
      lastCall,
    ],
  ],
  "its time was over before it was tried": [
    [
      "the servers were away all night",
      {},
      { state: "failed", reason: "expired", step: "close_the_day" },
      { ...lastCall, now: nextDay("09:00"), retryUntil: nextDay("05:00") },
    ],
  ],
  "it can be closed": [
    ["for the first time", {}, { state: "waiting", next: "plan" }],
    ["though nobody waits", {}, { next: "plan" }, lastCall],
    ["sold since a close at noon", { closes: [byHand("21:00")], batch: batch(3, "22:00") }, { next: "plan" }],
    [
      "its day before was closed, and it does not tell in time what is in its batch",
      {
        closes: [close({ by: "other", belongs: "earlier", at: at("22:00:50") })],
        batch: batch(3, "21:00"),
        askedAt: at("22:01"),
      },
      { next: "plan" },
    ],
    [
      "its day before was closed by a clock that was ahead",
      {
        closes: [close({ by: "other", belongs: "earlier", at: at("22:00"), knownAt: at("23:00") })],
        batch: batch(3, "21:00"),
        askedAt: at("22:01"),
      },
      { next: "plan" },
    ],
    [
      "its day before was closed just now, and it never tells",
      { closes: [close({ by: "other", belongs: "earlier", at: at("22:00:55") })], askedAt: at("22:01") },
      { next: "plan" },
    ],
    ["closed at noon, and does not tell", { closes: [byHand("12:00")] }, { next: "plan" }],
    ["asked to close it again", after({}, { again: true, askedAt: at("22:01") }), { next: "plan" }],
    [
      "asked to close again what nobody knows",
      after({ end: "unknown" }, { again: true, askedAt: at("22:01") }),
      { next: "plan" },
    ],
    [
      "failed before, and was asked for once more",
      after({ end: "not_closed", reason: "device_error" }, { askedAt: at("22:01") }),
      { next: "plan" },
    ],
    ["a close came between", { attempts: [tried({ close: undefined, refused: "close_moved" })] }, { next: "plan" }],
    ["its close was not answered, and it is back", after({ end: "unanswered", reason: "no_answer" }), { next: "plan" }],
    ["yesterday was missed", { askedAt: nextDay("07:00") }, { next: "plan" }, morning],
    [
      "yesterday was missed, and a part of the batch is of yesterday",
      { askedAt: nextDay("07:00"), batch: { ...batch(5, "22:00", at("18:00")), at: nextDay("06:40") } },
      { next: "plan" },
      morning,
    ],
  ],
};
