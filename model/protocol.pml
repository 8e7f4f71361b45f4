/*
 * The device protocol between the server and one terminal, for the model checker Spin. docs/model.md says what is
 * modelled and what is not; `npm run model` checks it.
 *
 * There are two operations, ONE and TWO, accepted in either order. ONE is repeatable (say open_menu), TWO is an
 * end_of_day; with -DREPEATABLES=0 both are an end_of_day. Each option of a `do` is one atomic step of one party. A
 * step is a transaction of the server, a synced write of the agent's journal, the begin of an operation. Between two
 * steps any other step may happen. The lines that the steps print make up a counter-example. Each step ends with `op =
 * 0`, so that its choice splits no state.
 */
#ifndef REPEATABLES
#define REPEATABLES 1
#endif

#define OPERATIONS 2
#define ONE 0
#define TWO 1
#define OTHER(o) (1 - o)
#define REPEATABLE(o) (o < REPEATABLES)

/* Chooses an operation for which P holds; without such an operation the step that begins with it is blocked. */
#define SOME(P) if :: P(ONE) -> op = ONE :: P(TWO) -> op = TWO fi

mtype:status = { absent, pending, completed, failed, timed_out };
mtype:phase = { unknown, begun, answered, receipted };

/* The possible answers of an agent. */
#define NOTHING 0
#define DONE 1        /* COMPLETED, with a result */
#define GAVE_UP 2     /* FAILED, cancelled */
#define DECLINED 3    /* FAILED, and not begun: expired, busy_payment, refused, unsupported */
#define INTERRUPTED 4 /* FAILED, device_error: broken off by a fault or a crash */

#include "state.pml"
#include "promises.pml"
#include "server.pml"
#include "agent.pml"

/* Time: the window of an accepted operation may close at any moment. */
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
