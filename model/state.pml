/* The database. It survives crashes of servers; each step of a server is one transaction on it (ADR 11). */
typedef Row {
  mtype:status status = absent;
  /* `answer` is the row's result or reason, `late_answer` its late_result. */
  byte answer;
  byte late_answer;
  /*
   * An end_of_day may have been sent. Committed before the sending, so that no begun operation is reported as
   * `unreachable`.
   */
  bool sent;
  /* The server knows that the agent has begun. */
  bool started
};
Row row[OPERATIONS];

#define PENDING(o) (row[o].status == pending)
#define ENDED(o) (row[o].status != absent && row[o].status != pending)

/* The agent's memory: the journal survives its crashes (rule 4), the other variables do not. */
typedef Entry {
  mtype:phase phase = unknown;
  /* Kept when the agent forgets the operation (rule 16); from then on only the promises read it. */
  byte answer
};
Entry journal[OPERATIONS];
/* Commands that wait for their turn, and whether the begun operation is really being carried out. */
bool waiting[OPERATIONS];
bool working;
/*
 * A welcome to a hello of this run has come. From then on the estimate of the server's time is never behind (rule 12).
 */
bool knows_time;

/* The operation's deadline has passed. */
bool expired[OPERATIONS];

/* Another device has taken the terminal's place, with an address of its own. The first device stays switched on. */
bool replaced;

/*
 * Everything between server and agent: brokers, connections, queues, sockets. A sent message stays in the air for good.
 * It may be received never, at once or much later, once or many times, in any order. So loss, repetition, delay,
 * reordering and broken connections need no steps of their own, and no channel has a length. A server that dies between
 * commit and sending is modelled by a message that is never received. Real connections do less: MQTT keeps an order, a
 * clean session drops old messages.
 */
typedef Air {
  bool command;
  /* The command to the address of the device that took the terminal's place. */
  bool command_to_successor;
  bool cancel;
  bool receipt;
  /* started or cancel_refused: both tell the server that the operation has begun. */
  bool started;
  /* The results that were sent: a set of answers, as bits. */
  byte results
};
Air air[OPERATIONS];

#define SAID(o, answer) (air[o].results & (1 << answer))

inline say_result(o1, answer1) {
  air[o1].results = air[o1].results | (1 << answer1)
}
