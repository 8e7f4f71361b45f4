import { brokenMemory, designedMemory } from "./memory-models.ts";

import type { Model } from "./model.ts";

/** The protocol as it is: no promise may break. */
const program = "protocol";
const designedProtocol: Model[] = [
  { program, name: "open_menu, end_of_day", about: "one operation of each kind", defines: [], checks: "promises" },
  {
    program,
    name: "end_of_day twice",
    about: "two that are not repeatable",
    defines: ["REPEATABLES=0"],
    checks: "promises",
  },
  { program, name: "all operations end", about: "one operation of each kind", defines: ["ENDING"], checks: "ending" },
];

/** All runs of the protocol as it is. */
export const designed: Model[] = [...designedProtocol, ...designedMemory];

/**
 * Variants of the protocol with one broken rule each, and the promise that breaks with it. A model that did not notice
 * them would prove nothing.
 */
const mistakes: [name: string, breaks: string | string[], about: string][] = [
  ["answer-early", "LOST", "201 before the commit"],
  ["sent-before-commit", "BEGUN_UNACCEPTED", "the command before the commit"],
  ["no-key", "TWO_FOR_ONE_KEY", "no unique index on idempotency keys"],
  ["no-constraint", "TWO_PENDING", "a look whether the terminal is free, then an insert"],
  ["timer-in-memory", "ENDS", "deadlines are timers of the accepting server"],
  ["late-result-wins", "STATUS_CHANGED", "a late result replaces TIMEOUT"],
  ["late-giving-up-dropped", "RECEIPT_UNSTORED", "a late `cancelled` is receipted and not kept"],
  ["receipt-early", "RECEIPT_UNSTORED", "the receipt before the commit"],
  ["sent-to-successor", "BEGUN_BY_ANOTHER", "an end_of_day is sent to the device that took the terminal's place"],
  ["cancel-blindly", ["CANCELLED_THOUGH_BEGUN", "BEGUN_THOUGH_CANCELLED"], "an end_of_day is cancelled at once"],
  ["sent-noted-later", "UNREACHABLE_THOUGH_BEGUN", "that an end_of_day is sent is committed after it"],
  ["journal-after", "BEGUN_TWICE", "begun, then written to the journal"],
  ["runs-again", "BEGUN_TWICE", "after a crash, what was begun is begun again"],
  ["forgets-early", "BEGUN_TWICE", "the journal forgets with the receipt"],
  ["late-start", "BEGUN_LATE", "the agent ignores expires_at"],
  ["expiry-checked-once", "BEGUN_LATE", "before the journal is written, and not after"],
  ["own-clock", "BEGUN_LATE", "the agent does not wait for a welcome"],
  ["result-unwritten", "UNTRUE_RESULT", "the result is sent, then written to the journal"],
  ["cancel-unwritten", "BEGUN_THOUGH_GIVEN_UP", "what is given up is not written to the journal"],
  ["cancel-while-beginning", "BEGUN_THOUGH_GIVEN_UP", "given up between the journal and the beginning, and begun"],
];

const brokenProtocol: Model[] = mistakes.flatMap(([name, breaks, about]) =>
  [breaks].flat().map((promise): Model => {
    const mistake = `BROKEN_${name.toUpperCase().replaceAll("-", "_")}`;
    return promise === "ENDS"
      ? { program, name, about, defines: [mistake, "ENDING"], checks: "ending", breaks: promise }
      : { program, name, about, defines: [mistake, `ONLY=${promise}`], checks: "promises", breaks: promise };
  }),
);

/** All runs of variants that must break a promise. */
export const broken: Model[] = [...brokenProtocol, ...brokenMemory];
