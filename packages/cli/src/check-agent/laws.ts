/**
 * The laws that a case can find broken. A law is a rule of the device protocol, by its number, or a section of its pages that
 * has no numbered rules. The texts sum each up for reports; the protocol's page decides.
 */
export const laws = {
  Connecting: "how a device connects, and notices within 18 seconds that its link is dead",
  Messages: "what each message holds",
  Abilities: "what a device says that it can do, and in which time",
  Memory: "a journal that is lost or old: another address, or a stop",
  "Sending a log": "how a log is sent, and what its result says",
  check_update: "how the manifest is asked for",
  "Requests that go silent": "a request in which nothing has moved for 10 seconds is made again",
  U1: "a release is verified with a key that the terminal was given",
  U2: "it is verified before its file is fetched",
  U4: "what fails is FAILED: a foreign key or a bad signature as `refused`, with its code",
  U6: "what the versions in the result mean",
  1: "hello after every SUBACK, on each new connection",
  2: "hello names what waits and what is begun",
  3: "without a welcome, hello again",
  4: "no connection by an address whose journal is lost; by a password that means a stop",
  6: "compare `memory` with the journal; no close begins before that",
  7: "a journal that outlives a power cut: written before it is told",
  8: "entries are numbered from 1 for each address, and told in order",
  9: "an entry is told again until the server holds it, and every copy is the same",
  10: "go on with the first entry after `memory.number`, and say in heartbeats what is believed",
  11: "`after` where the journal lacks the number before",
  13: "with a new address everything is told anew, under new numbers, in the same order",
  15: "`origin` comes back as it came",
  16: '"begun" is on the disk before it begins',
  17: "what was known before is answered again, and never begun a second time",
  18: "nothing begins at or after `expires_at`, but is answered FAILED, `expired`",
  19: "one operation at a time",
  20: "an operation that the device cannot do, or an unknown one, parameter or `when_busy`, is FAILED, `unsupported`",
  21: "what begins is told as `started`, promptly",
  22: "what a crash interrupted is found out or FAILED, a close with `unknown_end`, and not done again",
  23: "a request that the journal knows gets the result that it had, with `repeats`",
  24: "a close by hand is written first",
  25: "a close begins only if `previous_close` is the last close of the log; else `out_of_step`, with `last_close`",
  29: "what is cancelled before it was begun is FAILED, `cancelled`, and never begun",
  30: "what runs is broken off, or `cancel_refused` is sent",
  31: "a cancel of what is answered gets that same result again",
  32: "expiry is judged by the server's time",
  35: "what cannot be understood is ignored",
  36: "goodbye, before DISCONNECT",
  37: "a new session names each connection, and is left in the will",
  38: "a heartbeat after each welcome, and from then on in time",
  39: "never two heartbeats within a second",
  40: "a probe is answered at once",
} as const;
export type Law = keyof typeof laws;

/** The name of a law in reports. */
export function nameOf(law: Law | `${Law}`): string {
  return /^U?\d+$/.test(String(law)) ? `rule ${law}` : `section ${law}`;
}

/** A law that the device broke: the expected behaviour, and the observed one. */
export interface Breach {
  law: Law;
  expected: string;
  seen: string;
}

/** Thrown to end a case in which the device broke a law. */
export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw";
  readonly breach: Breach;

  constructor(law: Law, expected: string, seen: string) {
    super(`${nameOf(law)}: expected ${expected}; seen: ${seen}`);
    this.breach = { law, expected, seen };
  }
}

/** Thrown to end a case that cannot be played with this device. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}
