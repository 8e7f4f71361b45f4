import type { Model } from "./models.ts";

/** What may go wrong, by the definition that says how often. */
const faults = {
  RESTORES: "the database goes back",
  HANDS: "a person closes the day at the terminal",
  LOSSES: "a memory is lost",
  OLD_COPIES: "an old copy of a memory comes back",
  SWAPS: "other hardware takes the terminal's place",
} as const;
type Fault = keyof typeof faults;

const all = Object.keys(faults) as Fault[];
/** A reader that cannot name its last batch cannot show that a person closed it. */
const unseen: ReadonlySet<Fault> = new Set(["HANDS"]);
/** Addresses for the first device, two faults that each ask for another, and the end of the run. */
const addresses = "ADDRESSES=4";

/** Each fault twice, and each two of them together; a fault alone is a part of these runs. */
function pairs(among: readonly Fault[]): [Fault, Fault][] {
  return among.flatMap((one, index) => among.slice(index).map((other): [Fault, Fault] => [one, other]));
}

function run([one, other]: [Fault, Fault], canName: boolean): Model {
  const counts = one === other ? [`${one}=2`] : [`${one}=1`, `${other}=1`];
  return {
    program: "memory",
    name: canName ? "memory, batch named" : "memory",
    about: one === other ? `${faults[one]}, twice` : `${faults[one]}; ${faults[other]}`,
    defines: [addresses, ...counts, ...(canName ? ["CAN_NAME"] : [])],
    checks: "promises",
  };
}

/** Every two faults, with readers that can name the batch that they closed last, and with readers that cannot. */
export const designedMemory: Model[] = [
  ...pairs(all).map((pair) => run(pair, true)),
  ...pairs(all.filter((fault) => !unseen.has(fault))).map((pair) => run(pair, false)),
  {
    ...run(["OLD_COPIES", "RESTORES"], true),
    name: "memory, counter",
    defines: [addresses, "OLD_COPIES=1", "RESTORES=1", "CAN_NAME", "COUNTER"],
  },
];

/** A rule broken each, the promise that breaks, and the faults that it takes. */
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
  ["not-merged", "CLOSED_TWICE", "a close by hand is not looked for", "CAN_NAME", "HANDS=1"],
  ["replaced-cannot-tell", "NOT_TOLD", "a device that was replaced is not heard", "SWAPS=1"],
];

export const brokenMemory: Model[] = mistakes.map(([name, breaks, about, ...defines]) => ({
  program: "memory",
  name,
  about,
  defines: [`BROKEN_${name.toUpperCase().replaceAll("-", "_")}`, `ONLY=${breaks}`, addresses, ...defines],
  checks: "promises",
  breaks,
}));
