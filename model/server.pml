/*
 * Any number of servers with one database. A server remembers nothing from one transaction to the next. So one process
 * that makes transactions in any order stands for all servers and for their crashes. A server that dies before its
 * commit has done nothing; the messages of a server that dies after it are never received. Only in broken variants do
 * servers remember, and lose, more than that.
 */
#define LIVE(o) (PENDING(o) && !expired[o])
#define OVERDUE(o) (PENDING(o) && expired[o])

/*
 * The unique indexes of operation_claims (ADR 11): one live operation per terminal, one operation per idempotency key.
 * The model accepts no operation for the device that took the terminal's place: those would only repeat the model.
 */
#define TERMINAL_FREE (!PENDING(ONE) && !PENDING(TWO))
#ifdef BROKEN_NO_KEY
#define ACCEPTABLE(o) (TERMINAL_FREE && !replaced)
#else
#define ACCEPTABLE(o) (row[o].status == absent && TERMINAL_FREE && !replaced)
#endif

/*
 * An end_of_day may have begun as soon as it is accepted, even if its row says unsent: the database may be restored
 * (D27).
 */
#ifdef BROKEN_CANCEL_BLINDLY
#define CANNOT_HAVE_BEGUN(o) (!row[o].started)
#else
#define CANNOT_HAVE_BEGUN(o) (!row[o].started && REPEATABLE(o))
#endif

#define UNHEARD_OF(o) (LIVE(o) && !row[o].started)
/* The server takes only results from a device that was replaced (D26). */
#define NEWLY_STARTED(o) (PENDING(o) && !row[o].started && air[o].started && !replaced)
#define COMMANDED_TO_SUCCESSOR(o) air[o].command_to_successor
#define WITH_RESULT(o) (air[o].results != 0)
#define SENT_UNNOTED(o) (PENDING(o) && !REPEATABLE(o) && !row[o].sent && air[o].command)

/*
 * An end_of_day goes to the address that the terminal had at its acceptance; other operations go to the present one
 * (D26).
 */
#ifdef BROKEN_SENT_TO_SUCCESSOR
#define GOES_TO_SUCCESSOR(o) replaced
#else
#define GOES_TO_SUCCESSOR(o) (replaced && REPEATABLE(o))
#endif

#ifdef BROKEN_NO_CONSTRAINT
bool seen_free[OPERATIONS];
#define SEEN_FREE(o) seen_free[o]
#endif
#ifdef BROKEN_TIMER_IN_MEMORY
bool timer[OPERATIONS];
#define TIME_IS_UP(o) (OVERDUE(o) && timer[o])
#else
#define TIME_IS_UP(o) OVERDUE(o)
#endif

inline end_as(o, next, answer_) {
  promises_of_ending(o, next);
  row[o].status = next;
  row[o].answer = answer_;
  row[o].started = false
}

/* The sending of an end_of_day is committed first: by the statement that accepts it, or that claims it for sending. */
inline send_command(o) {
#ifndef BROKEN_SENT_NOTED_LATER
  row[o].sent = !REPEATABLE(o);
#endif
  if
  :: GOES_TO_SUCCESSOR(o) -> air[o].command_to_successor = true
  :: else -> air[o].command = true
  fi
}

inline insert(o) {
  promises_of_accepting(o);
  row[o].status = pending;
  told[o] = true;
#ifdef BROKEN_TIMER_IN_MEMORY
  timer[o] = true;
#endif
  if
  :: printf("server   accepts operation %d and sends its command\n", o + 1); send_command(o)
  :: printf("server   accepts operation %d, whose terminal it does not reach\n", o + 1)
  fi
}

/* A result in time ends its operation; a later one becomes late_result beside the status that callers saw (D17). */
inline store(o, answer_) {
  if
  :: OVERDUE(o) -> end_as(o, timed_out, NOTHING)
  :: else
  fi;
  if
  :: PENDING(o) && answer_ == DONE -> end_as(o, completed, answer_)
  :: PENDING(o) && answer_ != DONE -> end_as(o, failed, answer_)
#ifdef BROKEN_LATE_RESULT_WINS
  :: row[o].status == timed_out -> end_as(o, completed, answer_)
#endif
  :: ENDED(o) ->
     if
#ifdef BROKEN_LATE_GIVING_UP_DROPPED
     :: answer_ != GAVE_UP && row[o].late_answer == NOTHING -> row[o].late_answer = answer_
#else
     :: row[o].answer != answer_ && row[o].late_answer == NOTHING -> row[o].late_answer = answer_
#endif
     :: else
     fi
  :: else
  fi
}

/* The receipt follows the commit (rule 10). */
inline take_result(o, answer_) {
#ifdef BROKEN_RECEIPT_EARLY
  air[o].receipt = true;
  if
  :: printf("server   receipts a result of operation %d and dies before its commit\n", o + 1)
  :: printf("server   receipts and stores a result of operation %d\n", o + 1); store(o, answer_)
  fi
#else
  printf("server   stores and receipts a result of operation %d: answer %d\n", o + 1, answer_);
  store(o, answer_);
  air[o].receipt = true
#endif
}

active proctype Server() {
  bit op;
end:
  do
  /*
   * A client requests an operation, and repeats that with its key while it gets no answer (D13-D15). A replay changes
   * nothing.
   */
#ifdef BROKEN_ANSWER_EARLY
  :: atomic {
       SOME(ACCEPTABLE);
       printf("server   answers 201 for operation %d and dies before its commit\n", op + 1);
       told[op] = true;
       op = 0
     }
#endif
#ifdef BROKEN_SENT_BEFORE_COMMIT
  :: atomic {
       ACCEPTABLE(ONE) -> air[ONE].command = true;
       printf("server   sends the command of operation 1 and dies before its commit\n")
     }
#endif
#ifdef BROKEN_NO_CONSTRAINT
  :: atomic {
       SOME(ACCEPTABLE);
       printf("server   sees that the terminal is free for operation %d\n", op + 1);
       seen_free[op] = true;
       op = 0
     }
  :: atomic { SOME(SEEN_FREE); seen_free[op] = false; insert(op); op = 0 }
#else
  :: atomic { SOME(ACCEPTABLE); insert(op); op = 0 }
#endif

  /* A client cancels, or the deletion of the terminal does (ADR 10, ADR 12). */
  :: atomic {
       SOME(PENDING);
       air[op].cancel = true;
       if
       :: CANNOT_HAVE_BEGUN(op) ->
          printf("server   cancels operation %d at once and tells the agent\n", op + 1);
          promises_of_cancelling(op);
          end_as(op, failed, GAVE_UP)
       :: else ->
          printf("server   asks the agent to give up operation %d\n", op + 1)
       fi;
       op = 0
     }

  /* The outbox (ADR 3) sends a command again and again, to its address, without an inquiry. */
  :: atomic {
       SOME(UNHEARD_OF);
       printf("server   sends the command of operation %d from the outbox\n", op + 1);
       send_command(op);
       op = 0
     }

  :: atomic {
       SOME(NEWLY_STARTED);
       printf("server   hears that operation %d has begun\n", op + 1);
       row[op].started = true;
       op = 0
     }
  :: atomic {
       SOME(WITH_RESULT);
       if
       :: SAID(op, DONE) -> take_result(op, DONE)
       :: SAID(op, GAVE_UP) -> take_result(op, GAVE_UP)
       :: SAID(op, DECLINED) -> take_result(op, DECLINED)
       :: SAID(op, INTERRUPTED) -> take_result(op, INTERRUPTED)
       fi;
       op = 0
     }

#ifdef BROKEN_SENT_NOTED_LATER
  :: atomic { SOME(SENT_UNNOTED); printf("server   notes that it sent operation %d\n", op + 1); row[op].sent = true; op = 0 }
#endif
#ifdef BROKEN_TIMER_IN_MEMORY
  :: atomic { (timer[ONE] || timer[TWO]) -> timer[ONE] = false; timer[TWO] = false; printf("server   dies with its timers\n") }
#endif
  od
}

/* The worker that ends operations after their deadline (D16). A deadline is in a row, so any server can find it. */
active proctype Expiry() {
  bit op;
end:
  do
  :: atomic {
       SOME(TIME_IS_UP);
       printf("server   ends operation %d as TIMEOUT\n", op + 1);
       end_as(op, timed_out, NOTHING);
       op = 0
     }
  od
}

/*
 * Other hardware takes the terminal's place (ADR 25). It receives commands to its address; nothing else of it is
 * modelled.
 */
active proctype Successor() {
  bit op;
end:
  do
  :: atomic { !replaced -> printf("server   pairs a device that takes the terminal's place\n"); replaced = true }
  :: atomic {
       SOME(COMMANDED_TO_SUCCESSOR);
       printf("agent    of the other device begins operation %d\n", op + 1);
       promises_of_succeeding(op);
       op = 0
     }
  od
}
