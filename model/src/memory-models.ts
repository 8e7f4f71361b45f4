import type { Model } from "./model.ts";

/** The faults, by the preprocessor definition that says how often each may happen. */
const faults = {
  RESTORES: "the database goes back",
  HANDS: "a person closes the day at the terminal",
  LOSSES: "a memory is lost",
  OLD_COPIES: "an old copy of a memory comes back",
  SWAPS: "other hardware takes the terminal's place",
  PAIRINGS: "the device pairs again",
} as const;
type Fault = keyof typeof faults;

const all = Object.keys(faults) as Fault[];
/** Faults that go unseen where the card reader cannot name its last batch: it cannot show a close by hand. */
const unseen: ReadonlySet<Fault> = new Set(["HANDS"]);
/** The number of addresses: the first device, two faults that each take another, and the end of the run. */
const addresses = "ADDRESSES=4";
/** In every run a journal may drop one old entry; that is no fault. */
const drops = "DROPS=1";

/** Each fault twice, and each pair of faults; these runs include each fault alone. */
function pairs(among: readonly Fault[]): [Fault, Fault][] {
  return among.flatMap((one, index) => among.slice(index).map((other): [Fault, Fault] => [one, other]));
}

function run([one, other]: [Fault, Fault], canName: boolean): Model {
  const counts = one === other ? [`${one}=2`] : [`${one}=1`, `${other}=1`];
  return {
    program: "memory",
    name: canName ? "memory, batch named" : "memory",
    about: one === other ? `${faults[one]}, twice` : `${faults[one]}; ${faults[other]}`,
    defines: [addresses, drops, ...counts, ...(canName ? ["CAN_NAME"] : [])],
    checks: "promises",
  };
}

/** All pairs of faults, with readers that can name the batch that they closed last, and with readers that cannot. */
export const designedMemory: Model[] = [
  ...pairs(all).map((pair) => run(pair, true)),
  ...pairs(all.filter((fault) => !unseen.has(fault))).map((pair) => run(pair, false)),
  {
    ...run(["OLD_COPIES", "RESTORES"], true),
    name: "memory, counter",
    defines: [addresses, drops, "OLD_COPIES=1", "RESTORES=1", "CAN_NAME", "COUNTER"],
  },
  {
    ...run(["RESTORES", "RESTORES"], true),
    name: "memory, more",
    about: "three operations; the database goes back; two results are dropped",
    defines: [addresses, "OPS=3", "DROPS=2", "RESTORES=1", "CAN_NAME"],
  },
];

/** Variants with one broken rule each: the promise that breaks, and the faults that are necessary for it. */
const mistakes: [name: string, breaks: string, about: string, ...defines: string[]][] = [
  ["no-address", "WRONG_DEVICE", "a command goes to the terminal, whichever device that is", "CAN_NAME", "SWAPS=1"],
  ["no-comparison", "CLOSED_TWICE", "a close is begun without comparing previous_close", "RESTORES=1"],
  [
    "by-terminal",
    "NEEDLESSLY_OUT_OF_STEP",
    "previous_close is the terminal's, not the address's",
    "CAN_NAME",
    "SWAPS=1",
  ],
  ["recomputed-at-send", "CLOSED_TWICE", "previous_close is what the server holds when it sends", "CAN_NAME"],
  ["compared-at-arrival", "CLOSED_TWICE", "compared when the command comes, not when it begins", "CAN_NAME", "HANDS=1"],
  ["last-heard-wins", "NOT_TOLD", "the server takes results in whichever order they come"],
  ["any-gap", "NOT_TOLD", "the server takes any higher number"],
  ["no-gap", "NOT_TOLD", "the server takes no number but the next", drops, "RESTORES=1"],
  [
    "gap-before-the-oldest-only",
    "NOT_TOLD",
    "a gap is taken before the oldest that the journal has, and nowhere else",
    drops,
    "RESTORES=1",
    "CAN_NAME",
    "HANDS=1",
  ],
  ["drops-untold", "NOT_TOLD", "a journal drops what the server does not hold", drops],
  ["drops-last-close", "NEVER_CLOSED_AGAIN", "a journal drops its last close", drops],
  [
    "dropped-is-another",
    "THROWN_AWAY",
    "a journal that dropped what the server names is taken for an old copy",
    drops,
    "RESTORES=1",
  ],
  ["only-the-last", "NOT_TOLD", "a hello names only the last result"],
  ["no-word", "NOT_TOLD", "an agent that stays connected is not told how far the server is", "RESTORES=1"],
  ["interrupted-is-no-close", "CLOSED_TWICE", "a close with an unknown end counts as none", "RESTORES=1"],
  ["old-memory-unseen", "BEGUN_TWICE", "an old copy of a journal is taken for the journal", "OLD_COPIES=1"],
  [
    "key-not-recovered",
    "KEY_CLOSES_TWICE",
    "a recovered operation lacks its key",
    "CAN_NAME",
    "RESTORES=1",
    "LOSSES=1",
  ],
  [
    "request-not-known",
    "KEY_CLOSES_TWICE",
    "an agent looks for the operation, and not for its request",
    "CAN_NAME",
    "RESTORES=1",
    "OLD_COPIES=1",
  ],
  ["not-merged", "CLOSED_TWICE", "a close by hand is not looked for", "CAN_NAME", "HANDS=1"],
  ["replaced-cannot-tell", "NOT_TOLD", "a device that was replaced is not heard", "SWAPS=1"],
  ["replaced-tells-once", "NOT_TOLD", "a device that was replaced hands in once", "SWAPS=1", "RESTORES=1"],
  [
    "cancelled-at-once",
    "CANCELLED_THOUGH_BEGUN",
    "the server cancels what was never sent, as the row says",
    "RESTORES=1",
  ],
  [
    "cancelled-at-once",
    "BEGUN_THOUGH_CANCELLED",
    "the server cancels what was never sent, as the row says",
    "RESTORES=1",
  ],
  ["cancelled-outside-the-log", "BEGUN_THOUGH_CANCELLED", "a cancellation is said, and not written to the journal"],
  [
    "cancelled-uncompared",
    "CANCELLED_THOUGH_BEGUN",
    "what the journal lacks is given up without comparing previous_close",
    "CAN_NAME",
    "OLD_COPIES=1",
  ],
];

const brokenRules = mistakes.map(([name, breaks, about, ...defines]): Model => {
  const mistake = `BROKEN_${name.toUpperCase().replaceAll("-", "_")}`;
  return broken(name, breaks, about, [mistake, ...defines]);
});

/** The limits of the protocol, by the number of the excuse in `promises.pml`: without the excuse the promise breaks. */
const unavoidable: [excuse: number, breaks: string, about: string, ...defines: string[]][] = [
  [1, "CLOSED_TWICE", "a memory is lost before its close was told", "LOSSES=1"],
  [1, "BEGUN_TWICE", "an old copy of a memory comes back before its close was told", "OLD_COPIES=1"],
  [2, "CLOSED_TWICE", "a memory is lost, and the database goes back", "LOSSES=1", "RESTORES=1"],
  [3, "KEY_CLOSES_TWICE", "a request's close is known nowhere any more", "CAN_NAME", "LOSSES=1", "RESTORES=1"],
  [4, "KEY_CLOSES_TWICE", "a request comes again after a swap and a restore", "CAN_NAME", "SWAPS=1", "RESTORES=1"],
  [5, "BEGUN_THOUGH_CANCELLED", "a cancellation is known nowhere any more", "CAN_NAME", "OLD_COPIES=1", "RESTORES=1"],
  [6, "NOT_TOLD", "a dropped result comes back after a restore", drops, "CAN_NAME", "OLD_COPIES=1", "RESTORES=1"],
  [7, "NEEDLESSLY_OUT_OF_STEP", "memory and database both went back", "CAN_NAME", "OLD_COPIES=1", "RESTORES=1"],
];

const withoutExcuse = unavoidable.map(([excuse, breaks, about, ...defines]) =>
  broken(`not to be had (${excuse})`, breaks, about, [`INSISTS=${excuse}`, ...defines]),
);

function broken(name: string, breaks: string, about: string, defines: string[]): Model {
  return {
    program: "memory",
    name,
    about,
    defines: [...defines, `ONLY=${breaks}`, addresses],
    checks: "promises",
    breaks,
  };
}

export const brokenMemory: Model[] = [...brokenRules, ...withoutExcuse];
