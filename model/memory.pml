/*
 * The memory of a terminal, for the model checker Spin: addresses (D26), a close as a compare-and-swap (D27), memory as a
 * numbered log (D28). docs/model.md says what is modelled and what is not; `npm run model` checks it.
 *
 * There is one terminal, and the devices that are it one after the other, each with an address, a journal and a card
 * reader. All operations are an end_of_day. Each option of the `do` is one atomic step of one party. Results are told in
 * one step, because telling them again is part of the protocol; commands stay in the air and are heard never, late, often.
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

#if OPS == 2
#define TERMINAL_FREE (db.row[0] != PENDING && db.row[1] != PENDING)
#else
#define TERMINAL_FREE (db.row[0] != PENDING && db.row[1] != PENDING && db.row[2] != PENDING)
#endif

#define KNOWN_TO_DATABASE(a) ((a) <= db.address)
#define ON(a) ((a) < addresses && device[a].on)
#define READY(a) (ON(a) && device[a].compared && KNOWN_TO_DATABASE(a))

#ifdef BROKEN_NO_ADDRESS
#define FOR_IT(a, o) true
#else
#define FOR_IT(a, o) (command[o].address == (a))
#endif
#ifdef BROKEN_COMPARED_AT_ARRIVAL
#define MAY_BEGIN(a, o) (command[o].said && FOR_IT(a, o) && !device[a].begun && device[a].compared && in_step[o])
#else
#define MAY_BEGIN(a, o) (command[o].said && FOR_IT(a, o) && !device[a].begun && device[a].compared)
#endif
#ifdef BROKEN_REPLACED_CANNOT_TELL
#define MAY_TELL(a) (READY(a) && (a) == db.address)
#else
#define MAY_TELL(a) READY(a)
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
#define CLOSABLE_BY_HAND(x) (hands > 0 && IS_IDLE(x))
#define CAN_LOSE(x) (losses > 0 && IS_PRESENT(x))
#define HAS_COPY(x) (old_copies > 0 && HAS_ENTRIES(x))
#define CAN_BE_SWAPPED(x) (swaps > 0 && IS_PRESENT(x))
#define SOME_OPERATION if :: o = 0 :: operations > 1 -> o = 1 :: operations > 2 -> o = 2 fi

#define CAN_SAY_HELLO(x) (ON(x) && !device[x].compared && (KNOWN_TO_DATABASE(x) || addresses < ADDRESSES))
#define CAN_TELL(x) (MAY_TELL(x) && device[x].told < device[x].length)
#define CAN_REPEAT(x) (MAY_TELL(x) && device[x].length > 0)
#define IS_BEHIND(x) (READY(x) && device[x].told != db.length[x])
#define CAN_ASK(x) (ON(x) && device[x].compared && !device[x].begun && device[x].length < LENGTH - 1)
#define HAS_BEGUN(x) (ON(x) && device[x].begun && !device[x].closing)
#define HAS_CLOSED(x) (ON(x) && device[x].begun && device[x].closing)
#define IS_PRESENT(x) (ON(x) && (x) >= db.address && addresses < ADDRESSES)
#define HAS_ENTRIES(x) (ON(x) && device[x].length > 0)
#define IS_RUNNING(x) (ON(x) && device[x].compared)
#define IS_IDLE(x) (ON(x) && !device[x].begun)

inline say_hello(s1) {
  if
  :: KNOWN_TO_DATABASE(s1) -> printf("device %d says hello and compares the welcome\n", s1); hello(s1)
  :: else ->
     printf("device %d is not known and pairs again, with its memory\n", s1);
     recover(s1);
     device[s1].on = false;
     new_address(device[s1].reader, s1)
  fi
}

inline tell(e1) {
#ifdef BROKEN_ONLY_THE_LAST
  take(e1, device[e1].length - 1);
#else
  take(e1, device[e1].told);
#endif
#ifdef BROKEN_NO_WORD
  device[e1].told++
#else
  device[e1].told = db.length[e1]
#endif
}

active proctype World() {
  byte a;
  byte o;
  byte k;
  d_step { new_address(0, NONE); device[0].length = 0; device[0].entry[0] = 0;
#ifdef COUNTER
    device[0].counter = 0;
#endif
    skip }
end:
  do
  /* The server. */
  :: atomic { operations < OPS && TERMINAL_FREE && (db.of_key[0] == 0 || db.of_key[1] == 0) ->
       if :: db.of_key[0] == 0 -> k = 0 :: db.of_key[1] == 0 -> k = 1 fi;
       printf("server   accepts operation %d by request %d for device %d\n", operations, k, db.address);
       accept(k); k = 0 }
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: db.row[o] == PENDING -> printf("server   lets operation %d time out\n", o); db.row[o] = ENDED :: else fi; o = 0 }
#ifdef BROKEN_RECOMPUTED_AT_SEND
  :: atomic { operations > 0 -> SOME_OPERATION;
       if :: db.row[o] == PENDING -> printf("server   sends operation %d anew\n", o);
          find_held_close(command[o].address); command[o].previous = last; last = 0 :: else fi; o = 0 }
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
  :: atomic { SOME_DEVICE(CAN_REPEAT); o = 0;
       do :: o + 1 < device[a].length -> o++ :: break od;
       printf("device %d is heard late with result %d\n", a, o); take(a, o); o = 0; a = 0 }
#ifdef CAN_NAME
  :: atomic { SOME_DEVICE(CAN_ASK); printf("device %d asks its reader\n", a); merge(a); last = 0; batch = 0; a = 0 }
#endif
#ifdef BROKEN_COMPARED_AT_ARRIVAL
  :: atomic { SOME_DEVICE(CAN_ASK); SOME_OPERATION;
       if :: command[o].said && FOR_IT(a, o) && in_step[o] == 0 ->
         printf("device %d hears operation %d\n", a, o);
         merge(a); find_last_close(a);
         in_step[o] = (last == command[o].previous -> 1 : 2); last = 0; batch = 0 :: else fi; a = 0; o = 0 }
#endif
  :: atomic { SOME_DEVICE(IS_RUNNING); SOME_OPERATION;
       if :: MAY_BEGIN(a, o) && device[a].length < LENGTH - 2 -> begin(a, o) :: else fi; a = 0; o = 0 }
  :: atomic { SOME_DEVICE(HAS_BEGUN); printf("device %d closes the batch\n", a); really_close(a); a = 0 }
  :: atomic { SOME_DEVICE(HAS_CLOSED); printf("device %d writes its result\n", a);
       write(a, OF(device[a].begun - 1, DONE)); device[a].begun = 0; device[a].closing = false; a = 0 }
  :: atomic { SOME_DEVICE(IS_RUNNING); printf("device %d dies\n", a); device[a].compared = false; device[a].told = 0; a = 0 }

  /* What else may happen. */
  :: atomic { SOME_DEVICE(CLOSABLE_BY_HAND); printf("person   closes the batch at device %d\n", a); hands--;
       closed[device[a].reader]++; a = 0 }
  :: atomic { SOME_DEVICE(CAN_LOSE); printf("device %d loses its memory and gets a new address\n", a); losses--; note_what_goes(a);
       device[a].on = false; device[a].begun = 0; device[a].closing = false; device[a].compared = false;
       new_address(device[a].reader, NONE); note_what_is_left(); a = 0 }
  :: atomic { SOME_DEVICE(HAS_COPY); printf("device %d comes back with an old copy of its memory\n", a); old_copies--; note_what_goes(a);
       device[a].begun = 0; device[a].closing = false; device[a].compared = false; device[a].told = 0;
       do
       :: device[a].length > 0 -> device[a].length--; device[a].entry[device[a].length] = 0
       :: break
       od; note_what_is_left(); a = 0 }
  :: atomic { SOME_DEVICE(CAN_BE_SWAPPED); printf("device %d is replaced by other hardware\n", a); swaps--;
       new_address(SWAPS - swaps, NONE); a = 0 }

  /* From now on nothing goes wrong: all that is remembered gets told, and the terminal can be closed. */
  ::  atomic { true -> printf("nothing goes wrong any more\n");
       a = 0;
       do
       :: a < addresses ->
          if
          :: device[a].on ->
             if
             :: device[a].compared && KNOWN_TO_DATABASE(a) ->
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
                device[a].told = db.length[a];
#endif
                skip
             :: else -> say_hello(a)
             fi
          :: else
          fi;
          if
          :: device[a].on ->
             do
             :: MAY_TELL(a) && device[a].told < device[a].length -> tell(a)
             :: else -> break
             od;
             o = 0;
             do
             :: o < device[a].length ->
                PROMISE(NOT_TOLD, o < db.length[a] && HELD(a, o) == device[a].entry[o], "! a result that a device remembers never reaches the server\n");
                o++
             :: else -> break
             od;
             o = 0
          :: else
          fi;
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
