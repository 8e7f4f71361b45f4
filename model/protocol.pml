/*
 * The device protocol between the server and one terminal, for the model checker Spin. docs/model.md says what is modelled
 * and what is not; `npm run model` checks it.
 *
 * There are two operations, ONE and TWO, accepted in either order. ONE is repeatable (say open_menu), TWO is an end_of_day;
 * with -DREPEATABLES=0 both are. Each option of a `do` is one atomic step of one party: a transaction of the server, a
 * synced write of the agent's journal, the beginning of an operation. Between two steps anything else may happen. What the
 * steps print is what a counter-example reads like. Each ends with `op = 0`, lest the choice it made make two states of one.
 */
#ifndef REPEATABLES
#define REPEATABLES 1
#endif

#define OPERATIONS 2
#define ONE 0
#define TWO 1
#define OTHER(o) (1 - o)
#define REPEATABLE(o) (o < REPEATABLES)

/* Chooses an operation for which P holds; a step that begins with it cannot be taken where there is none. */
#define SOME(P) if :: P(ONE) -> op = ONE :: P(TWO) -> op = TWO fi

mtype:status = { absent, pending, completed, failed, timed_out };
mtype:phase = { unknown, begun, answered, receipted };

/* What an agent may answer. */
#define NOTHING 0
#define DONE 1        /* COMPLETED, with a result */
#define GAVE_UP 2     /* FAILED, cancelled */
#define DECLINED 3    /* FAILED, and not begun: expired, busy_payment, refused, unsupported */
#define INTERRUPTED 4 /* FAILED, device_error: broken off by a fault or a crash */

#include "state.pml"
#include "promises.pml"
#include "server.pml"
#include "agent.pml"

/* Time passes: the window of an accepted operation closes at any moment. */
#define WINDOW_OPEN(o) (row[o].status != absent && !expired[o])

active proctype Time() {
  bit op;
end:
  do
  :: atomic {
       SOME(WINDOW_OPEN);
       printf("time     passes the deadline of operation %d\n", op + 1);
       expired[op] = true;
       op = 0
     }
  od
}
