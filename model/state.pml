/* The database. It outlives every server; each step of a server is one transaction on it (ADR 11). */
typedef Row {
  mtype:status status = absent;
  /* What stands as result or reason, and what is kept as late_result. */
  byte answer;
  byte late_answer;
  /* An end_of_day may have been sent: committed before it is, so that nobody says `unreachable` of what has begun. */
  bool sent;
  /* The agent is known to have begun. */
  bool started
};
Row row[OPERATIONS];

#define PENDING(o) (row[o].status == pending)
#define ENDED(o) (row[o].status != absent && row[o].status != pending)

/* What the agent remembers: the journal outlives its crashes (rule 4), the rest does not. */
typedef Entry {
  mtype:phase phase = unknown;
  /* Stays when the agent forgets the operation (rule 16): from then on for the promises alone. */
  byte answer
};
Entry journal[OPERATIONS];
/* Commands that wait for their turn, and whether the begun one is really being carried out. */
bool waiting[OPERATIONS];
bool working;
/* A welcome to a hello of this run has come: the estimate of the server's time is never behind from then on (rule 12). */
bool knows_time;

/* The operation's deadline has passed. */
bool expired[OPERATIONS];

/* Another device has taken the terminal's place, with an address of its own. The first one stays switched on. */
bool replaced;

/*
 * Everything between server and agent: brokers, links, queues, sockets. What was said stays in the air for good, and may be
 * heard never, at once or much later, once or many times, in any order. So loss, repetition, delay, reordering and broken
 * links need no steps of their own, and no channel has a length. A server that dies between its commit and its sending is
 * one that nobody hears. Real links do less than this: MQTT keeps an order, and a clean session drops what is old.
 */
typedef Air {
  bool command;
  /* The same to the address of the device that took the terminal's place. */
  bool command_to_successor;
  bool cancel;
  bool receipt;
  /* started, or cancel_refused: they tell the server the same. */
  bool started;
  /* The results that were said: a set of answers, as bits. */
  byte results
};
Air air[OPERATIONS];

#define SAID(o, answer) (air[o].results & (1 << answer))

inline say_result(o1, answer1) {
  air[o1].results = air[o1].results | (1 << answer1)
}
