/*
  * Any number of servers with one database, which may be restored to an earlier moment. Each step is one transaction.
 */
#define KNOWN_TO_DATABASE(a) ((db.known >> (a)) & 1)

/* The log of a new address begins empty; a device that kept its journal sends all results anew, under new numbers. */
inline new_address(n1, n2) {
  device[addresses].on = true;
  device[addresses].reader = n1;
  if
  :: n2 != NONE ->
     i = 0;
     do
     :: i < device[n2].length && device[n2].entry[i] != 0 -> write(addresses, device[n2].entry[i]); i++
     :: i < device[n2].length && device[n2].entry[i] == 0 -> i++
     :: else -> break
     od;
     i = 0
  :: else
  fi;
  db.address = addresses;
  db.known = db.known | (1 << addresses);
  addresses++
}

/*
 * D28: the server takes only the next number. After dropped entries, a result names the number of the entry before it
 * (0: none), and the server takes it if it holds that number. An operation that the server does not know comes back
 * with its key.
 */
inline take(t1, t2) {
  j = t2;
  do
  :: j > 0 && device[t1].entry[j - 1] == 0 -> j--
  :: else -> break
  od;
  if
#if defined(BROKEN_LAST_HEARD_WINS)
  :: true ->
#elif defined(BROKEN_ONLY_THE_LAST) || defined(BROKEN_ANY_GAP)
  :: t2 >= db.length[t1] ->
#elif defined(BROKEN_NO_GAP)
  :: t2 == db.length[t1] ->
#elif defined(BROKEN_GAP_BEFORE_THE_OLDEST_ONLY)
  :: t2 == db.length[t1] || t2 > db.length[t1] && j == 0 ->
#else
  :: t2 >= db.length[t1] && db.length[t1] >= j ->
#endif
     HELD(t1, t2) = device[t1].entry[t2];
     db.length[t1] = t2 + 1;
     if
     :: IS_OP(HELD(t1, t2)) -> end_by_result(OP_OF(HELD(t1, t2)), OUTCOME(HELD(t1, t2)))
     :: else
     fi
  :: else
  fi;
  j = 0
}

inline end_by_result(q1, q2) {
  db.row[q1] = ENDED;
#ifndef BROKEN_KEY_NOT_RECOVERED
  if
  :: db.of_key[command[q1].key] == 0 -> db.of_key[command[q1].key] = q1 + 1
  :: else
  fi;
#endif
  if
  :: q2 == CANCELLED -> report_cancelled(q1)
  :: else
  fi
}

inline find_held_close(f2) {
  last = 0;
  i = 0;
  do
  :: i < db.length[f2] ->
     if
     :: IS_CLOSE(HELD(f2, i)) -> last = HELD(f2, i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline accept(k1) {
  db.row[operations] = PENDING;
  db.of_key[k1] = operations + 1;
#ifndef BROKEN_CANCELLED_AT_ONCE
  command[operations].said = true;
#endif
  command[operations].key = k1;
  command[operations].address = db.address;
#ifdef BROKEN_BY_TERMINAL
  last = 0; j = 0;
  do
  :: j < addresses -> i = 0;
     do
     :: i < db.length[j] -> if :: IS_CLOSE(HELD(j, i)) -> last = HELD(j, i) :: else fi; i++
     :: else -> break
     od;
     j++
  :: else -> break
  od;
  i = 0; j = 0;
#else
  find_held_close(db.address);
#endif
  command[operations].previous = last;
  known_close[operations] = last;
  find_known(device[db.address].reader);
  known_batch[operations] = known;
  known_length[operations] = db.length[db.address];
  operations++;
  last = 0; known = 0
}

inline save() {
  saved = true;
  i = 0;
  do
  :: i < ALL_OPS -> past.row[i] = db.row[i]; i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < KEYS -> past.of_key[i] = db.of_key[i]; i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < ADDRESSES -> past.length[i] = db.length[i]; i++
  :: else -> break
  od;
  i = 0;
  past.address = db.address;
  past.known = db.known
}

inline restore() {
  i = 0;
  do
  :: i < ALL_OPS -> db.row[i] = past.row[i]; past.row[i] = 0; i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < KEYS -> db.of_key[i] = past.of_key[i]; past.of_key[i] = 0; i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < ADDRESSES ->
     j = past.length[i];
     do
     :: j < db.length[i] -> HELD(i, j) = 0; j++
     :: else -> break
     od;
     if
     :: past.length[i] < db.length[i] -> db.length[i] = past.length[i]
     :: else
     fi;
     past.length[i] = 0;
     i++
  :: else -> break
  od;
  i = 0; j = 0;
  db.address = past.address;
  db.known = past.known;
  past.address = 0;
  past.known = 0;
  saved = false
}
