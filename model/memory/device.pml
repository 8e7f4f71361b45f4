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

/* D27: the reader says which batch was closed last; one that the journal lacks was closed by hand. */
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

/* After a crash: what was begun has an unknown end. */
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

/* When its turn comes: known, or compared and begun, or out of step. */
inline begin(b1, b2) {
  look_up(b1, b2);
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
        device[b1].begun = b2 + 1
     :: else ->
        printf("device %d: operation %d is out of step\n", b1, b2);
        find_unknown_close(b1, b2);
        PROMISE(NEEDLESSLY_OUT_OF_STEP, BOTH_WENT || NOT_TO_BE_HAD || same || closed[device[b1].reader] != known_batch[b2], "! out of step without any close that was unknown\n");
        write(b1, OF(b2, OUT_OF_STEP))
     fi
  fi;
  same = 0; last = 0; batch = 0
}

inline really_close(c1) {
  find_known(device[c1].reader);
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

inline replace_memory(m1) {
  device[m1].on = false;
  if
  :: addresses < ADDRESSES -> new_address(device[m1].reader, NONE)
  :: else
  fi
}

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
     :: (db.length[h1] > device[h1].length || (db.length[h1] > 0 && HELD(h1, db.length[h1] - 1) != device[h1].entry[db.length[h1] - 1])) ->
        printf("device %d sees that the server holds another memory of it\n", h1);
        replace_memory(h1)
#endif
     :: else ->
        device[h1].compared = true;
        device[h1].told = db.length[h1]
     fi
  fi
}
