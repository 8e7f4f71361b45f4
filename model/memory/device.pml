/* A device: an agent with its journal, on a card reader, by the rules of D26, D27 and D28. */
inline write(w1, w2) {
  assert(device[w1].length < LENGTH);
  device[w1].entry[device[w1].length] = w2;
  device[w1].length++;
#ifdef COUNTER
  device[w1].counter = device[w1].length
#else
  skip
#endif
}

/* Leaves the last close of a device's journal in `last`, 0 if there is none, and its batch in `batch`. */
inline find_last_close(f1) {
  last = 0;
  batch = 0;
  i = 0;
  do
  :: i < device[f1].length ->
     if
     :: IS_CLOSE(device[f1].entry[i]) -> last = device[f1].entry[i]; batch = BATCH_OF(last)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* D27: the reader names the batch that was closed last; a batch that the journal lacks was closed by hand. */
inline merge(g1) {
#if defined(CAN_NAME) && !defined(BROKEN_NOT_MERGED)
  find_last_close(g1);
  if
  :: batch != closed[device[g1].reader] -> write(g1, BY_HAND(closed[device[g1].reader]))
  :: else
  fi
#else
  skip
#endif
}

/* After a crash: an operation that was begun gets a result with an unknown end. */
inline recover(r1) {
  if
  :: device[r1].begun ->
     if
     :: !device[r1].closing -> batch_of[device[r1].begun - 1] = closed[device[r1].reader]
     :: else
     fi;
     write(r1, OF(device[r1].begun - 1, UNKNOWN));
     device[r1].begun = 0;
     device[r1].closing = false
  :: else
  fi
}

/* Leaves in `same` whether the device's journal has the operation (1) or its request (2). */
inline look_up(l1, l2) {
  same = 0;
  i = 0;
  do
  :: i < device[l1].length ->
     if
     :: IS_OP(device[l1].entry[i]) && OP_OF(device[l1].entry[i]) == l2 -> same = 1
     :: IS_OP(device[l1].entry[i]) && OP_OF(device[l1].entry[i]) != l2 && same == 0 && command[OP_OF(device[l1].entry[i])].key == command[l2].key -> same = 2
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

#ifdef BROKEN_COMPARED_AT_ARRIVAL
byte in_step[ALL_OPS];  /* 1: yes, 2: no */
#endif

/* Not equal: there is a close between that the server did not know. */
inline say_out_of_step(x1, x2) {
  printf("device %d: operation %d is out of step\n", x1, x2);
  find_unknown_close(x1, x2);
  PROMISE(NEEDLESSLY_OUT_OF_STEP, KNOWLEDGE_FORGOTTEN || same || closed[device[x1].reader] != known_batch[x2], "! out of step without any close that was unknown\n");
  write(x1, OF(x2, OUT_OF_STEP))
}

/* When an operation's turn comes: its result is known, or it is compared and begun, or it is out of step. */
inline begin(b1, b2) {
  look_up(b1, b2);
#ifdef BROKEN_REQUEST_NOT_KNOWN
  if :: same == 2 -> same = 0 :: else fi;
#endif
  if
  :: same == 1 -> skip
  :: same == 2 -> write(b1, OF(b2, AGAIN)); printf("device %d has the request of operation %d and answers it again\n", b1, b2)
  :: else ->
#ifndef BROKEN_COMPARED_AT_ARRIVAL
     merge(b1);
     find_last_close(b1);
#endif
     if
#if defined(BROKEN_COMPARED_AT_ARRIVAL)
     :: in_step[b2] == 1 ->
#elif defined(BROKEN_NO_COMPARISON)
     :: true ->
#else
     :: last == command[b2].previous ->
#endif
        printf("device %d begins operation %d\n", b1, b2);
        PROMISE(WRONG_DEVICE, command[b2].address == b1, "! an operation is begun by a device that it was not for\n");
        promise_not_cancelled(b2);
        device[b1].begun = b2 + 1
     :: else -> say_out_of_step(b1, b2)
     fi
  fi;
  same = 0; last = 0; batch = 0
}

/*
 * Cancelling: a client may ask for it as soon as the operation is accepted, so the device receives it at any time from
 * then on. The operation is known, or being carried out, or compared. The journal may lack a life in which an unknown
 * operation began.
 */
inline cancel(k2, k3) {
  look_up(k2, k3);
  find_last_close(k2);
  if
  :: same == 0 && device[k2].begun > 0 && command[device[k2].begun - 1].key == command[k3].key ->
     printf("device %d refuses to cancel operation %d, which it has begun\n", k2, k3)
  :: same == 1 -> printf("device %d is to cancel operation %d, which has its result\n", k2, k3)
  :: same == 2 -> write(k2, OF(k3, AGAIN)); printf("device %d is to cancel operation %d and answers its request again\n", k2, k3)
  :: else ->
     if
#ifdef BROKEN_CANCELLED_UNCOMPARED
     :: true ->
#else
     :: last == command[k3].previous ->
#endif
#ifdef BROKEN_CANCELLED_OUTSIDE_THE_LOG
        printf("device %d says that operation %d is cancelled\n", k2, k3);
        end_by_result(k3, CANCELLED)
#else
        printf("device %d gives up operation %d\n", k2, k3);
        write(k2, OF(k3, CANCELLED))
#endif
     :: else -> say_out_of_step(k2, k3)
     fi
  fi;
  same = 0; last = 0; batch = 0
}

inline really_close(c1) {
  find_known(device[c1].reader);
  promise_not_cancelled(device[c1].begun - 1);
  PROMISE(BEGUN_TWICE, NOT_TO_BE_HAD || !has_closed[device[c1].begun - 1], "! one operation closes twice\n");
  PROMISE(CLOSED_TWICE, NOT_TO_BE_HAD || closed[device[c1].reader] == known_batch[device[c1].begun - 1] || closed[device[c1].reader] == BATCH_OF(known_close[device[c1].begun - 1]), "! a day is closed twice\n");
  closed[device[c1].reader]++;
  has_closed[device[c1].begun - 1] = true;
  closes_of[command[device[c1].begun - 1].key]++;
  PROMISE(KEY_CLOSES_TWICE, REQUEST_FORGOTTEN || closes_of[command[device[c1].begun - 1].key] < 2, "! one request closes twice\n");
  batch_of[device[c1].begun - 1] = closed[device[c1].reader];
  device[c1].closing = true;
  known = 0
}

/* The journal is an old copy: the device asks for another address. A replaced device gets none. */
inline replace_memory(m1) {
  PROMISE(THROWN_AWAY, old_copies < OLD_COPIES, "! a device throws its memory away, which is not old\n");
  device[m1].on = false;
  if
  :: addresses < ADDRESSES -> new_address(device[m1].reader, NONE)
  :: else
  fi
}

/* A dropped entry says nothing about the age of the journal. */
#ifdef BROKEN_DROPPED_IS_ANOTHER
#define SAME(e, held_) ((e) == (held_))
#else
#define SAME(e, held_) ((e) == 0 || (e) == (held_))
#endif

inline hello(h1) {
  if
#if defined(COUNTER) && !defined(BROKEN_OLD_MEMORY_UNSEEN)
  :: device[h1].length < device[h1].counter -> printf("device %d sees that its memory is behind its key's counter\n", h1); replace_memory(h1)
#endif
  :: else ->
     recover(h1);
     merge(h1);
     if
#ifndef BROKEN_OLD_MEMORY_UNSEEN
     :: (db.length[h1] > device[h1].length || (db.length[h1] > 0 && !SAME(device[h1].entry[db.length[h1] - 1], HELD(h1, db.length[h1] - 1)))) ->
        printf("device %d sees that the server holds another memory of it\n", h1);
        replace_memory(h1)
#endif
     :: else ->
        device[h1].compared = true;
        device[h1].told = db.length[h1]
     fi
  fi
}

/* Leaves in `untold` the number of the first entry in the journal from `t4` on. */
inline find_untold(t3, t4) {
  untold = t4;
  do
  :: untold < device[t3].length - 1 && device[t3].entry[untold] == 0 -> untold++
  :: else -> break
  od
}

inline tell(e1) {
#ifdef BROKEN_ONLY_THE_LAST
  take(e1, device[e1].length - 1);
#else
  find_untold(e1, device[e1].told);
  take(e1, untold);
  untold = 0;
#endif
#ifdef BROKEN_NO_WORD
  device[e1].told++
#else
  device[e1].told = db.length[e1]
#endif
}

/*
 * A replaced device gets no welcome. It hands in its results in order, and asks now and then, for ever, how many the
 * server holds. The database may be restored after everything was handed in.
 */
inline hand_in(v2) {
  if
  :: !device[v2].compared -> recover(v2)
  :: else
  fi;
#ifndef BROKEN_REPLACED_TELLS_ONCE
  device[v2].told = db.length[v2];
#endif
  tell(v2)
}

/*
 * A journal drops old entries: only results that the server holds, as far as the device knows, and never the last
 * close. When an entry is old enough, no operation of its request is under way, and the request is no longer repeated.
 */
#if defined(BROKEN_DROPS_UNTOLD)
#define MAY_DROP(a, n) (device[a].entry[n] != 0 && device[a].entry[n] != last)
#elif defined(BROKEN_DROPS_LAST_CLOSE)
#define MAY_DROP(a, n) (device[a].entry[n] != 0 && (n) < device[a].told)
#else
#define MAY_DROP(a, n) (device[a].entry[n] != 0 && (n) < device[a].told && device[a].entry[n] != last)
#endif
inline drop(d1, d2) {
  printf("device %d drops result %d\n", d1, d2);
  PROMISE(NOT_TOLD, DATABASE_WENT || d2 < db.length[d1], "! a result that was never told is dropped\n");
  if
  :: IS_OP(device[d1].entry[d2]) ->
     i = 0;
     do
     :: i < operations -> command[i].over = command[i].over || command[i].key == command[OP_OF(device[d1].entry[d2])].key; i++
     :: else -> break
     od;
     i = 0
  :: else
  fi;
#ifdef COPIES_UNDROP
  dropped.by = d1 + 1;
  dropped.number = d2;
  dropped.entry = device[d1].entry[d2];
  dropped.length = device[d1].length;
#endif
  device[d1].entry[d2] = 0;
  drops--
}

inline forget_dropped() {
  dropped.by = 0; dropped.number = 0; dropped.entry = 0; dropped.length = 0
}

/* An old copy: entries written since are gone, and an entry dropped since is there again. */
inline become_old_copy(o1) {
  device[o1].begun = 0;
  device[o1].closing = false;
  device[o1].compared = false;
  device[o1].told = 0;
  do
  :: device[o1].length > 0 -> device[o1].length--; device[o1].entry[device[o1].length] = 0
  :: break
  od;
#ifdef COPIES_UNDROP
  if
  :: dropped.by == o1 + 1 && dropped.number < device[o1].length -> device[o1].entry[dropped.number] = dropped.entry; forget_dropped()
  :: dropped.by == o1 + 1 && dropped.number >= device[o1].length -> forget_dropped()
  :: dropped.by != o1 + 1 || dropped.length <= device[o1].length
  fi
#endif
}
