/*
 * The memory of a terminal, for the model checker Spin: addresses (D26), a close as a compare-and-swap (D27), memory as
 * a numbered log (D28). docs/model.md says what is modelled and what is not; `npm run model` checks it.
 *
 * There is one terminal, and one device of it after the other, each with an address, a journal and a card reader. All
 * operations are an end_of_day. Each option of the `do` is one atomic step of one party. Results are sent and taken in
 * one step, because the protocol repeats them. Commands stay in the air: they may be received never, late or often.
 */
#ifndef OPS
#define OPS 2
#endif
#ifndef ADDRESSES
#define ADDRESSES 2
#endif
#define ALL_OPS (OPS + 1)  /* one more than a run accepts: the honest close at its end */
#define KEYS 3
#define LENGTH 6      /* of a journal */
#define NONE 255

#include "memory/state.pml"
#include "memory/promises.pml"
#include "memory/server.pml"
#include "memory/device.pml"

#define OPEN(o) (db.row[o] == PENDING || db.row[o] == SENT)
#if OPS == 2
#define TERMINAL_FREE !(OPEN(0) || OPEN(1))
#define OVER(k) (command[0].over && command[0].key == k || command[1].over && command[1].key == k)
#else
#define TERMINAL_FREE !(OPEN(0) || OPEN(1) || OPEN(2))
#define OVER(k) (command[0].over && command[0].key == k || command[1].over && command[1].key == k || command[2].over && command[2].key == k)
#endif
/* A client may repeat a request, with its key, for 48 hours. */
#define ACCEPTABLE(k) (db.of_key[k] == 0 && !OVER(k))

#define ON(a) ((a) < addresses && device[a].on)
#define IS_RUNNING(a) (ON(a) && device[a].compared)
#define IS_PRESENT(a) (ON(a) && KNOWN_TO_DATABASE(a) && (a) == db.address)
#define IS_REPLACED(a) (ON(a) && KNOWN_TO_DATABASE(a) && (a) != db.address)

#ifdef BROKEN_NO_ADDRESS
#define FOR_IT(a, o) true
#else
#define FOR_IT(a, o) (command[o].address == (a))
#endif
#define HEARD(a, o) (command[o].said && !command[o].over && FOR_IT(a, o))
#ifdef BROKEN_COMPARED_AT_ARRIVAL
#define MAY_BEGIN(a, o) (HEARD(a, o) && !device[a].begun && in_step[o])
#else
#define MAY_BEGIN(a, o) (HEARD(a, o) && !device[a].begun)
#endif

#if ADDRESSES == 1
#define SOME_DEVICE(P) if :: P(0) -> a = 0 fi
#elif ADDRESSES == 2
#define SOME_DEVICE(P) if :: P(0) -> a = 0 :: P(1) -> a = 1 fi
#elif ADDRESSES == 3
#define SOME_DEVICE(P) if :: P(0) -> a = 0 :: P(1) -> a = 1 :: P(2) -> a = 2 fi
#else
#define SOME_DEVICE(P) if :: P(0) -> a = 0 :: P(1) -> a = 1 :: P(2) -> a = 2 :: P(3) -> a = 3 fi
#endif
#define SOME_OPERATION if :: o = 0 :: operations > 1 -> o = 1 :: operations > 2 -> o = 2 fi
#define SOME_NUMBER do :: o + 1 < device[a].length -> o++ :: break od

#define FROM(x, n, place) ((n) <= place && device[x].entry[place] != 0)
#define REMEMBERS_FROM(x, n) (FROM(x, n, 0) || FROM(x, n, 1) || FROM(x, n, 2) || FROM(x, n, 3) || FROM(x, n, 4) || FROM(x, n, 5))
#define CAN_SAY_HELLO(x) (ON(x) && !device[x].compared && (IS_PRESENT(x) || !KNOWN_TO_DATABASE(x) && addresses < ADDRESSES))
#define CAN_TELL(x) (IS_PRESENT(x) && device[x].compared && REMEMBERS_FROM(x, device[x].told))
#define IS_BEHIND(x) (IS_PRESENT(x) && device[x].compared && device[x].told != db.length[x])
#if defined(BROKEN_REPLACED_CANNOT_TELL)
#define CAN_HAND_IN(x) false
#elif defined(BROKEN_REPLACED_TELLS_ONCE)
#define CAN_HAND_IN(x) (IS_REPLACED(x) && (REMEMBERS_FROM(x, device[x].told) || device[x].begun && !device[x].compared))
#else
#define CAN_HAND_IN(x) (IS_REPLACED(x) && (REMEMBERS_FROM(x, db.length[x]) || device[x].begun && !device[x].compared))
#endif
#define CAN_REPEAT(x) (ON(x) && KNOWN_TO_DATABASE(x) && device[x].length > 0)
#define CAN_ASK(x) (IS_RUNNING(x) && !device[x].begun && device[x].length < LENGTH - 1)
#define HAS_BEGUN(x) (IS_RUNNING(x) && device[x].begun && !device[x].closing)
#define HAS_CLOSED(x) (IS_RUNNING(x) && device[x].begun && device[x].closing)
#define CAN_DROP(x) (drops > 0 && IS_RUNNING(x) && device[x].length > 0)

#define CLOSABLE_BY_HAND(x) (hands > 0 && ON(x) && !device[x].begun)
#define CAN_LOSE(x) (losses > 0 && ON(x) && (x) >= db.address && addresses < ADDRESSES)
#define HAS_COPY(x) (old_copies > 0 && ON(x) && device[x].length > 0)
#define CAN_BE_SWAPPED(x) (swaps > 0 && ON(x) && (x) >= db.address && addresses < ADDRESSES)
#define CAN_PAIR(x) (pairings > 0 && ON(x) && !device[x].begun && addresses < ADDRESSES)

inline pair_again(s2) {
  recover(s2);
  device[s2].on = false;
  device[s2].compared = false;
  device[s2].told = 0;
  new_address(device[s2].reader, s2)
}

inline say_hello(s1) {
  if
  :: KNOWN_TO_DATABASE(s1) -> printf("device %d says hello and compares the welcome\n", s1); hello(s1)
  :: else -> printf("device %d is not known and pairs again, with its memory\n", s1); pair_again(s1)
  fi
}

active proctype World() {
  byte a;
  byte o;
  byte k;
  d_step { new_address(0, NONE) }
end:
  do
  /* The server. */
  :: atomic { operations < OPS && TERMINAL_FREE && (ACCEPTABLE(0) || ACCEPTABLE(1)) ->
       if :: ACCEPTABLE(0) -> k = 0 :: ACCEPTABLE(1) -> k = 1 fi;
       printf("server   accepts operation %d by request %d for device %d\n", operations, k, db.address);
       accept(k); k = 0 }
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: OPEN(o) -> printf("server   lets operation %d time out\n", o); db.row[o] = ENDED :: else fi; o = 0 }
#ifdef BROKEN_RECOMPUTED_AT_SEND
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: db.row[o] == PENDING -> printf("server   sends operation %d anew\n", o);
          find_held_close(command[o].address); command[o].previous = last; last = 0 :: else fi; o = 0 }
#endif
#ifdef BROKEN_CANCELLED_AT_ONCE
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: db.row[o] == PENDING -> printf("server   sends operation %d\n", o); db.row[o] = SENT; command[o].said = true :: else fi; o = 0 }
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: db.row[o] == PENDING -> printf("server   cancels operation %d, which was never sent\n", o); db.row[o] = ENDED; report_cancelled(o)
       :: else fi; o = 0 }
#endif
  :: atomic { restores > 0 && !saved -> printf("database is copied\n"); save() }
  :: atomic { restores > 0 && saved -> printf("database goes back\n"); restores--; restore(); note_what_is_left() }

  /* Devices. */
  :: atomic { SOME_DEVICE(CAN_SAY_HELLO); say_hello(a); a = 0 }
  :: atomic { SOME_DEVICE(IS_BEHIND);
#ifndef BROKEN_NO_WORD
       printf("device %d hears by a heartbeat how far the server is\n", a); device[a].told = db.length[a];
#endif
       a = 0 }
  :: atomic { SOME_DEVICE(CAN_TELL); printf("device %d tells its next result\n", a); tell(a); a = 0 }
  :: atomic { SOME_DEVICE(CAN_HAND_IN); printf("device %d, which was replaced, hands in its next result\n", a); hand_in(a); a = 0 }
  :: atomic { SOME_DEVICE(CAN_REPEAT); o = 0; SOME_NUMBER;
       if :: device[a].entry[o] != 0 -> printf("device %d is heard late with result %d\n", a, o); take(a, o) :: else fi; o = 0; a = 0 }
#ifdef CAN_NAME
  :: atomic { SOME_DEVICE(CAN_ASK); printf("device %d asks its reader\n", a); merge(a); last = 0; batch = 0; a = 0 }
#endif
#ifdef BROKEN_COMPARED_AT_ARRIVAL
  :: atomic { SOME_DEVICE(CAN_ASK); SOME_OPERATION;
       if :: HEARD(a, o) && in_step[o] == 0 ->
         printf("device %d hears operation %d\n", a, o);
         merge(a); find_last_close(a);
         in_step[o] = (last == command[o].previous -> 1 : 2); last = 0; batch = 0 :: else fi; a = 0; o = 0 }
#endif
  :: atomic { SOME_DEVICE(IS_RUNNING); SOME_OPERATION;
       if :: MAY_BEGIN(a, o) && device[a].length < LENGTH - 2 -> begin(a, o) :: else fi; a = 0; o = 0 }
  :: atomic { SOME_DEVICE(IS_RUNNING); SOME_OPERATION;
       if :: HEARD(a, o) && device[a].length < LENGTH - 2 -> cancel(a, o) :: else fi; a = 0; o = 0 }
  :: atomic { SOME_DEVICE(HAS_BEGUN); printf("device %d closes the batch\n", a); really_close(a); a = 0 }
  :: atomic { SOME_DEVICE(HAS_CLOSED); printf("device %d writes its result\n", a);
       write(a, OF(device[a].begun - 1, DONE)); device[a].begun = 0; device[a].closing = false; a = 0 }
  :: atomic { SOME_DEVICE(CAN_DROP); SOME_NUMBER; find_last_close(a);
       if :: MAY_DROP(a, o) -> drop(a, o) :: else fi; last = 0; batch = 0; o = 0; a = 0 }
  :: atomic { SOME_DEVICE(IS_RUNNING); printf("device %d dies\n", a); device[a].compared = false; device[a].told = 0; a = 0 }

  /* Faults, and what people do. */
  :: atomic { SOME_DEVICE(CLOSABLE_BY_HAND); printf("person   closes the batch at device %d\n", a); hands--;
       closed[device[a].reader]++; a = 0 }
  :: atomic { SOME_DEVICE(CAN_LOSE); printf("device %d loses its memory and gets a new address\n", a); losses--; note_what_goes(a);
       device[a].on = false; device[a].begun = 0; device[a].closing = false; device[a].compared = false; device[a].told = 0;
       new_address(device[a].reader, NONE); note_what_is_left(); a = 0 }
  :: atomic { SOME_DEVICE(HAS_COPY); printf("device %d comes back with an old copy of its memory\n", a); old_copies--; note_what_goes(a);
       become_old_copy(a); note_what_is_left(); a = 0 }
  :: atomic { SOME_DEVICE(CAN_BE_SWAPPED); printf("device %d is replaced by other hardware\n", a); swaps--;
       new_address(SWAPS - swaps, NONE); a = 0 }
  :: atomic { SOME_DEVICE(CAN_PAIR); printf("device %d pairs again and keeps its memory\n", a); pairings--; pair_again(a); a = 0 }

  /* From now on there are no faults: all results in journals reach the server, and the terminal can be closed. */
  ::  atomic { true -> printf("nothing goes wrong any more\n");
       a = 0;
       do
       :: a < addresses ->
          if
          :: device[a].on && device[a].compared && KNOWN_TO_DATABASE(a) ->
             if
             :: device[a].begun && !device[a].closing -> really_close(a)
             :: else
             fi;
             if
             :: device[a].begun -> write(a, OF(device[a].begun - 1, DONE)); device[a].begun = 0; device[a].closing = false
             :: else
             fi;
             merge(a); last = 0; batch = 0;
#ifndef BROKEN_NO_WORD
             if
             :: IS_PRESENT(a) -> device[a].told = db.length[a]
             :: else
             fi
#endif
          :: device[a].on && !(device[a].compared && KNOWN_TO_DATABASE(a)) && !IS_REPLACED(a) -> say_hello(a)
          :: else
          fi;
          o = 0;
          do
          :: o < LENGTH && CAN_TELL(a) -> tell(a); o++
          :: o < LENGTH && CAN_HAND_IN(a) -> hand_in(a); o++
          :: else -> break
          od;
          o = 0;
          do
          :: device[a].on && o < device[a].length ->
             PROMISE(NOT_TOLD, device[a].entry[o] == 0 || o < db.length[a] && (HELD(a, o) == device[a].entry[o] || DROPPED_AND_BACK(a, o)), "! a result that a device remembers never reaches the server\n");
             o++
          :: else -> break
          od;
          o = 0;
          a++
       :: else -> break
       od;
       o = 0;
       do
       :: o < operations -> db.row[o] = ENDED; o++
       :: else -> break
       od;
       o = operations;
       a = db.address;
       accept(2);
       if
       :: device[a].on && device[a].compared -> 
          merge(a);
          find_last_close(a);
          if
          :: last == command[o].previous -> device[a].begun = o + 1
          :: else
          fi
       :: else
       fi;
       PROMISE(NEVER_CLOSED_AGAIN, device[a].begun == o + 1, "! the terminal cannot be closed any more\n");
       break
     }
  od
}
