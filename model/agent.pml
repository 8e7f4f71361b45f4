/*
 * The agent: the program on the terminal, by the rules of docs/device-protocol.md. Messages that the rules repeat are
 * sent once here, because they stay in the air.
 */
#define IN_JOURNAL(o) (journal[o].phase != unknown)
#define BEGUN(o) (journal[o].phase == begun)
#define WRITTEN(o) (BEGUN(o) && !working)
#define AT_WORK(o) (BEGUN(o) && working)
#define FORGOTTEN(o) (!IN_JOURNAL(o) && journal[o].answer != NOTHING && expired[o])

#define COMMANDED(o) (air[o].command && !IN_JOURNAL(o) && !waiting[o])
#define TOLD_TO_CANCEL(o) (air[o].cancel && (!IN_JOURNAL(o) || BEGUN(o)))
#define RECEIPTED(o) (air[o].receipt && journal[o].phase == answered)

/* Rules 7 and 14: one operation at a time, and none before the server's time is known. */
#define ITS_TURN(o) (waiting[o] && TIME_KNOWN && !BEGUN(ONE) && !BEGUN(TWO))
#ifdef BROKEN_OWN_CLOCK
#define TIME_KNOWN true
#define LATE(o) (knows_time && expired[o])
#else
#define TIME_KNOWN knows_time
#define LATE(o) expired[o]
#endif

/*
 * Rule 6: checked when its turn comes, and again after the journal is written. An early expiry is modelled as
 * declining.
 */
#if defined(BROKEN_LATE_START)
#define MAY_WRITE(o) true
#define MAY_BEGIN(o) true
#elif defined(BROKEN_EXPIRY_CHECKED_ONCE)
#define MAY_WRITE(o) (!LATE(o))
#define MAY_BEGIN(o) true
#else
#define MAY_WRITE(o) (!LATE(o))
#define MAY_BEGIN(o) (!LATE(o))
#endif

/* Rule 16: when the agent may forget an operation. */
#ifdef BROKEN_FORGETS_EARLY
#define FORGETTABLE(o) (journal[o].phase == receipted)
#else
#define FORGETTABLE(o) (journal[o].phase == receipted && expired[o])
#endif

/* Rule 9: the result is written and synced, then sent. */
inline answer_with(o, answer_) {
  journal[o].phase = answered;
  journal[o].answer = answer_;
  waiting[o] = false;
  say_result(o, answer_)
}

inline begin(o) {
  printf("agent    begins operation %d\n", o + 1);
  promises_of_beginning(o);
  was_begun[o] = true;
  air[o].started = true
}

/* Rule 11: after a crash the agent finds out the outcome of the operation, or answers that it was interrupted. */
inline recover(o) {
  if
#ifdef BROKEN_RUNS_AGAIN
  :: BEGUN(o) -> journal[o].phase = unknown
#else
  :: BEGUN(o) -> answer_with(o, INTERRUPTED)
  :: AT_WORK(o) -> answer_with(o, DONE)
#endif
  :: else
  fi
}

inline lose_memory() {
  waiting[ONE] = false;
  waiting[TWO] = false;
  knows_time = false;
  working = false
}

active proctype Agent() {
  bit op;
end:
  do
  /* Rules 1-3: hello and welcome. The content of a hello needs no step: it repeats messages that are in the air. */
  :: atomic { !knows_time -> knows_time = true; printf("agent    hears a welcome\n") }

  /* Rule 5: the agent does not take a command again that it knows. */
  :: atomic {
       SOME(COMMANDED);
       if
       :: FORGOTTEN(op) -> printf("agent    declines operation %d, which is long over\n", op + 1); say_result(op, DECLINED)
       :: else -> printf("agent    hears the command of operation %d\n", op + 1); waiting[op] = true
       fi;
       op = 0
     }

  /*
   * Rules 4, 6 and 8: the operation is written to the journal and only then begun, or declined for one of many reasons.
   */
  :: atomic { SOME(ITS_TURN); printf("agent    declines operation %d\n", op + 1); answer_with(op, DECLINED); op = 0 }
  :: atomic {
       SOME(ITS_TURN);
       if
       :: MAY_WRITE(op) ->
          waiting[op] = false;
#ifdef BROKEN_JOURNAL_AFTER
          begin(op);
          if
          :: printf("agent    dies before operation %d is in its journal\n", op + 1); lose_memory()
          :: printf("agent    writes operation %d to its journal\n", op + 1); journal[op].phase = begun; working = true
          fi
#else
          printf("agent    writes operation %d to its journal\n", op + 1);
          journal[op].phase = begun
#endif
       :: else ->
          printf("agent    finds that operation %d has expired\n", op + 1);
          answer_with(op, DECLINED)
       fi;
       op = 0
     }
  :: atomic {
       SOME(WRITTEN);
       if
       :: MAY_BEGIN(op) -> begin(op); working = true
       :: else -> printf("agent    finds that operation %d has just expired\n", op + 1); answer_with(op, DECLINED)
       fi;
       op = 0
     }

  /* A payment that came meanwhile delays the operation after all, or the agent is stopped. */
  :: atomic {
       SOME(WRITTEN);
       printf("agent    takes operation %d out of its journal again\n", op + 1);
       journal[op].phase = unknown;
       waiting[op] = true;
       op = 0
     }

  /* Rules 9 and 10: the operation ends, and its receipt comes. */
  :: atomic {
       SOME(AT_WORK);
       working = false;
       if
#ifdef BROKEN_RESULT_UNWRITTEN
       :: printf("agent    answers operation %d with DONE and dies before it has written that\n", op + 1);
          say_result(op, DONE);
          lose_memory();
          answer_with(op, INTERRUPTED)
#endif
       :: printf("agent    has done operation %d\n", op + 1); answer_with(op, DONE)
       :: printf("agent    is interrupted in operation %d\n", op + 1); answer_with(op, INTERRUPTED)
       fi;
       op = 0
     }
  :: atomic {
       SOME(RECEIPTED);
       printf("agent    hears a receipt for operation %d\n", op + 1);
       promises_of_receipts(op);
       journal[op].phase = receipted;
       op = 0
     }
  :: atomic { SOME(FORGETTABLE); printf("agent    forgets operation %d\n", op + 1); journal[op].phase = unknown; op = 0 }

  /* Cancelling (ADR 10): an operation that has not begun never will; a begun one is aborted, or runs to its end. */
  :: atomic {
       SOME(TOLD_TO_CANCEL);
       if
       :: FORGOTTEN(op) -> printf("agent    need not cancel operation %d, long over\n", op + 1); say_result(op, DECLINED)
       :: !IN_JOURNAL(op) && !FORGOTTEN(op) ->
          printf("agent    gives up operation %d\n", op + 1);
#ifdef BROKEN_CANCEL_UNWRITTEN
          waiting[op] = false;
          say_result(op, GAVE_UP)
#else
          answer_with(op, GAVE_UP)
#endif
#ifdef BROKEN_CANCEL_WHILE_BEGINNING
       :: WRITTEN(op) -> printf("agent    gives up operation %d, which it is about to begin\n", op + 1); say_result(op, GAVE_UP)
#else
       :: BEGUN(op) -> printf("agent    breaks operation %d off\n", op + 1); working = false; answer_with(op, GAVE_UP)
#endif
       :: BEGUN(op) -> printf("agent    refuses to give operation %d up\n", op + 1); air[op].started = true
       fi;
       op = 0
     }

  :: atomic { true -> printf("agent    dies and starts again\n"); recover(ONE); recover(TWO); lose_memory() }
  od
}
