/*
  * The promises. A counter-example ends with the text of the promise that it breaks. With -DONLY=… only one promise is
  * checked.
 */
#define CLOSED_TWICE 1
#define WRONG_DEVICE 2
#define KEY_CLOSES_TWICE 3
#define NEEDLESSLY_OUT_OF_STEP 4
#define NOT_TOLD 5
#define NEVER_CLOSED_AGAIN 6
#define BEGUN_TWICE 7
#define CANCELLED_THOUGH_BEGUN 8
#define BEGUN_THOUGH_CANCELLED 9
#define THROWN_AWAY 10
#ifdef ONLY
#define CHECKED(promise) (promise == ONLY)
#else
#define CHECKED(promise) true
#endif
#define PROMISE(promise, holds, words) if :: !CHECKED(promise) || (holds) :: else -> printf(words); assert(false) fi

/* Read by the promises only, and by no party. */
byte batch_of[ALL_OPS];      /* the batch that an operation closed, or may have closed */
bool has_closed[ALL_OPS];
bool reported[ALL_OPS];      /* the server has reported the operation as cancelled */
byte closes_of[KEYS];
byte known_batch[ALL_OPS];   /* batches of the reader that the server knew as closed when it accepted the operation */
byte known_close[ALL_OPS];   /* the close of the last of these batches */
byte known_length[ALL_OPS];  /* the length of the server's copy of the address's log at the acceptance */
bool forgotten;              /* a close that was made is in no journal and not in the database */
bool gone;                   /* a close that the server did not hold was lost with a journal */

#define BATCH_OF(e) ((e) >= 40 -> (e) - 40 : ((e) > 0 -> batch_of[OP_OF(e)] : 0))

/*
 * The limits of the protocol (D28). Each excuses certain promises; with -DINSISTS=n the n-th is no excuse, and the
 * promise breaks. Where the reader can name its last batch, the first two are no excuse.
 */
#ifndef INSISTS
#define INSISTS 0
#endif
#define MEMORY_WENT (losses < LOSSES || old_copies < OLD_COPIES)
#define DATABASE_WENT (restores < RESTORES)
#define BOTH_WENT (MEMORY_WENT && DATABASE_WENT)

#ifdef CAN_NAME
#define NOT_TO_BE_HAD false
#else
/* 1: a journal was lost before the server held a close in it. 2: a journal was lost and the database was restored. */
#define NOT_TO_BE_HAD (INSISTS != 1 && gone || INSISTS != 2 && BOTH_WENT)
#endif
/* 3: the close of a request is stored nowhere any more. 4: a swap of hardware, and a restore of the database. */
#define REQUEST_FORGOTTEN (NOT_TO_BE_HAD || INSISTS != 3 && forgotten || INSISTS != 4 && swaps < SWAPS && DATABASE_WENT)
/* 5: both the database and a journal whose age is not noticed lack a cancellation. */
#ifdef COUNTER
#define CANCELLATION_FORGOTTEN NOT_TO_BE_HAD
#else
#define CANCELLATION_FORGOTTEN (NOT_TO_BE_HAD || INSISTS != 5 && old_copies < OLD_COPIES && DATABASE_WENT)
#endif
/*
 * 6: a result was dropped, the database restored, and an old copy brings the result back: the server went on without
 * it.
 */
#define DROPPED_AND_BACK(a, n) (INSISTS != 6 && HELD(a, n) == 0 && BOTH_WENT)
/* 7: a close that both the journal and the database lost looks like a close that was unknown. */
#define KNOWLEDGE_FORGOTTEN (NOT_TO_BE_HAD || INSISTS != 7 && BOTH_WENT)

/* The server reports an operation as cancelled; the model remembers that report. */
inline report_cancelled(z1) {
  PROMISE(CANCELLED_THOUGH_BEGUN, NOT_TO_BE_HAD || !has_closed[z1] && device[command[z1].address].begun != z1 + 1, "! a close that was begun is reported as cancelled\n");
  reported[z1] = true
}

inline promise_not_cancelled(z2) {
  PROMISE(BEGUN_THOUGH_CANCELLED, CANCELLATION_FORGOTTEN || !reported[z2], "! a close is begun that is reported as cancelled\n")
}

/* Leaves in `known` the number of the reader's batches that the server knows as closed. */
inline find_known(f3) {
  known = 0;
  j = 0;
  do
  :: j < addresses ->
     i = 0;
     do
     :: i < db.length[j] && device[j].reader == f3 ->
        if
        :: CLOSES(HELD(j, i)) && BATCH_OF(HELD(j, i)) > known -> known = BATCH_OF(HELD(j, i))
        :: else
        fi;
        i++
     :: else -> break
     od;
     j++
  :: else -> break
  od;
  i = 0;
  j = 0
}

/* Leaves in `same` whether the journal has a close that the server did not hold when it accepted the operation. */
inline find_unknown_close(u1, u2) {
  same = 0;
  i = known_length[u2];
  do
  :: i < device[u1].length ->
     if
     :: CLOSES(device[u1].entry[i]) -> same = 1
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* Leaves in `same` whether the journal has a close that the server lacks. */
inline find_untold_close(v1) {
  same = (device[v1].begun != 0);
  i = db.length[v1];
  do
  :: i < device[v1].length ->
     if
     :: IS_OP(device[v1].entry[i]) && OUTCOME(device[v1].entry[i]) < OUT_OF_STEP -> same = 1
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* Sets `forgotten` if an operation that closed a batch is stored nowhere any more. */
inline note_what_is_left() {
  i = 0;
  do
  :: i < operations ->
     same = (!has_closed[i] || db.row[i] != ABSENT);
     j = 0;
     do
     :: j < addresses ->
        last = 0;
        do
        :: last < device[j].length ->
           same = same || (device[j].on && IS_OP(device[j].entry[last]) && OP_OF(device[j].entry[last]) == i);
           last++
        :: else -> break
        od;
        same = same || (device[j].on && device[j].begun == i + 1);
        j++
     :: else -> break
     od;
     forgotten = forgotten || !same;
     i++
  :: else -> break
  od;
  i = 0; j = 0; last = 0; same = 0
}

inline note_what_goes(y1) {
  find_untold_close(y1);
  gone = gone || same;
  same = 0
}
