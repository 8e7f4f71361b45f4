/*
 * The promises. A counter-example ends with the text of the promise that it breaks. With -DONLY=… only one promise is
 * checked: a broken variant often breaks several, and the promise with the shortest story would hide the others.
 */
#define LOST 1
#define TWO_FOR_ONE_KEY 2
#define TWO_PENDING 3
#define BEGUN_UNACCEPTED 4
#define BEGUN_TWICE 5
#define BEGUN_LATE 6
#define BEGUN_THOUGH_GIVEN_UP 7
#define BEGUN_THOUGH_CANCELLED 8
#define CANCELLED_THOUGH_BEGUN 9
#define UNREACHABLE_THOUGH_BEGUN 10
#define BEGUN_BY_ANOTHER 11
#define STATUS_CHANGED 12
#define UNTRUE_RESULT 13
#define RECEIPT_UNSTORED 14

#ifdef ONLY
#define CHECKED(promise) (promise == ONLY)
#else
#define CHECKED(promise) true
#endif
#define PROMISE(promise, holds, words) if :: !CHECKED(promise) || (holds) :: else -> printf(words); assert(false) fi

/* Read by the promises only, and by no party: `told`: a client got 201; `was_begun`: the agent has really begun it. */
bool told[OPERATIONS];
bool was_begun[OPERATIONS];

/* FAILED, cancelled, without a result of the agent that says so. */
#define CANCELLED_UNASKED(o) (row[o].status == failed && row[o].answer == GAVE_UP && !SAID(o, GAVE_UP))

/* Checked in the step in which the agent begins an operation. */
inline promises_of_beginning(o2) {
  PROMISE(BEGUN_TWICE, !was_begun[o2], "! an operation is begun twice\n");
  PROMISE(BEGUN_UNACCEPTED, row[o2].status != absent, "! an operation is begun that was never accepted\n");
  PROMISE(BEGUN_LATE, !expired[o2], "! an operation is begun after its deadline\n");
  PROMISE(BEGUN_THOUGH_GIVEN_UP, !SAID(o2, GAVE_UP), "! an operation is begun that the agent has given up\n");
  PROMISE(BEGUN_THOUGH_CANCELLED, REPEATABLE(o2) || !CANCELLED_UNASKED(o2),
    "! an end_of_day is begun that is reported as cancelled\n")
}

/* Checked when an operation is inserted. */
inline promises_of_accepting(o2) {
  PROMISE(TWO_FOR_ONE_KEY, row[o2].status == absent, "! one idempotency key makes two operations\n");
  PROMISE(TWO_PENDING, !PENDING(OTHER(o2)), "! two operations of one terminal are PENDING\n")
}

/* Checked when the device that took the terminal's place begins an operation. */
inline promises_of_succeeding(o2) {
  PROMISE(BEGUN_BY_ANOTHER, REPEATABLE(o2), "! an end_of_day is begun by a device that it was not accepted for\n")
}

/* Checked when the server cancels without asking the agent. */
inline promises_of_cancelling(o2) {
  PROMISE(CANCELLED_THOUGH_BEGUN, REPEATABLE(o2) || !was_begun[o2],
    "! an end_of_day that was begun is reported as cancelled\n")
}

/* Checked when an operation ends. The TIMEOUT of an operation that was never sent has the reason `unreachable`. */
inline promises_of_ending(o2, next2) {
  PROMISE(STATUS_CHANGED, PENDING(o2), "! a final status changes\n");
  PROMISE(UNREACHABLE_THOUGH_BEGUN, REPEATABLE(o2) || next2 != timed_out || row[o2].sent || !was_begun[o2],
    "! an end_of_day that was begun is reported as unreachable\n")
}

/* Checked when the agent receives a receipt, after which it stops repeating its answer. */
inline promises_of_receipts(o2) {
  PROMISE(RECEIPT_UNSTORED, row[o2].answer == journal[o2].answer || row[o2].late_answer == journal[o2].answer,
    "! a receipt comes for an answer that is not stored\n")
}

/* Checked in every state. */
#define IS_LOST(o) (CHECKED(LOST) && told[o] && row[o].status == absent)
#define IS_UNTRUE(o) (CHECKED(UNTRUE_RESULT) && row[o].status == completed && journal[o].answer > DONE)

active proctype Watch() {
end:
  if
  :: atomic { (IS_LOST(ONE) || IS_LOST(TWO)) -> printf("! an accepted operation is lost\n"); assert(false) }
  :: atomic { (IS_UNTRUE(ONE) || IS_UNTRUE(TWO)) -> printf("! the agent does not stand by a COMPLETED\n"); assert(false) }
  fi
}

#ifdef ENDING
/*
 * Every accepted operation ends, provided that no party is kept for ever from a step that it can take (weak fairness).
 */
ltl ends { [] ((PENDING(ONE) -> <> !PENDING(ONE)) && (PENDING(TWO) -> <> !PENDING(TWO))) }
#endif
