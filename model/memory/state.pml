/*
 * An entry of a journal, and of the server's copy of it. 0: never written, or dropped. The number of an entry is its
 * index, so it never changes.
 */
#define DONE 0
#define UNKNOWN 1     /* a close that was begun and whose end is unknown */
#define OUT_OF_STEP 2
#define CANCELLED 3   /* cancelled before it was begun */
#define AGAIN 4       /* the result of an earlier operation of its request, repeated */
#define OF(o, outcome) (1 + (o) * 5 + (outcome))
#define BY_HAND(batch) (40 + (batch))
#define IS_OP(e) ((e) > 0 && (e) < 40)
#define OP_OF(e) (((e) - 1) / 5)
#define OUTCOME(e) (((e) - 1) % 5)
#define CLOSES(e) (IS_OP(e) && OUTCOME(e) < OUT_OF_STEP || (e) >= 40)
#ifdef BROKEN_INTERRUPTED_IS_NO_CLOSE
#define IS_CLOSE(e) (IS_OP(e) && OUTCOME(e) == DONE || (e) >= 40)
#else
#define IS_CLOSE(e) CLOSES(e)
#endif

/* The number of batches that each card reader has closed. */
byte closed[3];

/* A device: a program with a credential of its own. Its address never belongs to another device. */
typedef Device {
  bool on;
  byte reader;
  byte length;         /* the number of the last entry */
  byte entry[LENGTH];
  byte begun;          /* operation + 1 */
  bool closing;        /* the reader has closed the batch for it */
  bool compared;       /* a welcome to a hello of this run was compared */
  byte told;           /* how many results the server holds, as far as the device knows */
#ifdef COUNTER
  byte counter;        /* the write counter, stored beside the key, outside the journal */
#endif
};
Device device[ADDRESSES];
byte addresses;        /* the number of addresses given so far */

/* An operation's command. It stays in the air: it may be received never, late or often. */
typedef Command {
  bool said;
  bool over;           /* its window and its key's 48 hours have long passed */
  byte address;
  byte key;
  byte previous;       /* previous_close: the last close in the server's copy of the address's log */
};
Command command[ALL_OPS];
byte operations;       /* the number of accepted operations; ids are never given twice */

/* The database. */
#define ABSENT 0
#define PENDING 1
#define ENDED 2
#define SENT 3         /* only in a broken variant */
typedef Database {
  byte row[ALL_OPS];
  byte of_key[KEYS];   /* operation + 1 */
  byte address;        /* the terminal's present one */
  byte known;          /* addresses, as bits */
  byte length[ADDRESSES];  /* the number of the last result that the server holds */
};
Database db;
Database past;
byte held[ADDRESSES * LENGTH];
#define HELD(a, i) held[(a) * LENGTH + (i)]


/* How often each fault may still happen in a run. */
#ifndef RESTORES
#define RESTORES 0
#endif
#ifndef HANDS
#define HANDS 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef OLD_COPIES
#define OLD_COPIES 0
#endif
#ifndef SWAPS
#define SWAPS 0
#endif
#ifndef PAIRINGS
#define PAIRINGS 0
#endif
/* No fault: a journal drops old entries when it has enough younger ones. */
#ifndef DROPS
#define DROPS 0
#endif
byte restores = RESTORES;
byte hands = HANDS;
byte losses = LOSSES;
byte old_copies = OLD_COPIES;
byte swaps = SWAPS;
byte pairings = PAIRINGS;
byte drops = DROPS;
#if OLD_COPIES > 0 && DROPS > 0
#define COPIES_UNDROP
#if DROPS > 1
#error "an old copy brings one dropped entry back"
#endif
/* The entry that was dropped, and the journal's length then: an older copy of the journal still has the entry. */
typedef Dropped {
  byte by;             /* device + 1 */
  byte number;
  byte entry;
  byte length;
};
Dropped dropped;
#endif
/* Whether a copy of the database was made. */
bool saved;

/* Loop counters and return values of inlines; `hidden` keeps them out of the state. */
hidden byte i;
hidden byte j;
hidden byte last;
hidden byte batch;
hidden byte known;
hidden byte same;
hidden byte untold;
