/** What can go wrong in a simulated fleet. `mild` is what there is of it unless told otherwise, `usual` what its name alone asks for. */
export const simulatedFaults = {
  "bad-links": { unit: "per hour", mild: 0.1, usual: 1, meaning: "links that drop, die without a word, or get slow" },
  restarts: { unit: "per hour", mild: 0.02, usual: 0.3, meaning: "power that is lost and comes back" },
  faults: { unit: "per hour", mild: 0, usual: 0.2, meaning: "devices that report a fault and get over it" },
  "clock-skew": { unit: "of terminals", mild: 0.1, usual: 0.5, meaning: "clocks up to 10 minutes off, some drifting" },
  refusals: { unit: "of operations", mild: 0.02, usual: 0.2, meaning: "operations that are answered FAILED" },
  "by-hand": { unit: "per hour", mild: 0, usual: 0.1, meaning: "days that somebody closes at the terminal" },
  nameless: {
    unit: "of terminals",
    mild: 0,
    usual: 0.3,
    meaning: "terminals that cannot name the batch they closed last",
  },
  slow: { unit: "of operations", mild: 0.02, usual: 0.2, meaning: "operations that take most of their window" },
} as const satisfies Record<string, Row>;

interface Row {
  /** Per terminal and hour of the simulated day, or a share from 0 to 1. */
  unit: "per hour" | "of terminals" | "of operations";
  mild: number;
  usual: number;
  meaning: string;
}

export type SimulatedFault = keyof typeof simulatedFaults;
export type FaultMix = Readonly<Record<SimulatedFault, number>>;

export const simulatedFaultNames = Object.keys(simulatedFaults).filter(
  (name): name is SimulatedFault => name in simulatedFaults,
);

const highestRate = 3600;

export const noFaults = mixOf(() => 0);
export const mildFaults = mixOf((name) => simulatedFaults[name].mild);
export const allFaults = mixOf((name) => simulatedFaults[name].usual);

/**
 * Reads `bad-links=0.5,restarts` and the words `all` and `none`: what is named is there, at its usual rate or the given one.
 * What comes later counts. Throws an Error whose message says what is wrong.
 */
export function readFaultMix(text: string): FaultMix {
  let mix = noFaults;
  for (const part of text.split(",")) {
    const [name = "", rate, ...rest] = part.trim().split("=");
    if (rest.length > 0) throw new Error(`"${part}" has more than one rate.`);
    if (rate === undefined && name === "all") mix = allFaults;
    else if (rate === undefined && name === "none") mix = noFaults;
    else
      mix = { ...mix, [known(name)]: rate === undefined ? simulatedFaults[known(name)].usual : readRate(name, rate) };
  }
  return mix;
}

function known(name: string): SimulatedFault {
  const fault = simulatedFaultNames.find((candidate) => candidate === name);
  if (!fault) throw new Error(`"${name}" is no fault; there are all, none, ${simulatedFaultNames.join(", ")}.`);
  return fault;
}

function readRate(name: string, text: string): number {
  const highest = simulatedFaults[known(name)].unit === "per hour" ? highestRate : 1;
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (rate <= highest) return rate;
  throw new Error(`The rate of ${name} is a number from 0 to ${highest}.`);
}

function mixOf(rateOf: (name: SimulatedFault) => number): FaultMix {
  return {
    "bad-links": rateOf("bad-links"),
    restarts: rateOf("restarts"),
    faults: rateOf("faults"),
    "clock-skew": rateOf("clock-skew"),
    refusals: rateOf("refusals"),
    "by-hand": rateOf("by-hand"),
    nameless: rateOf("nameless"),
    slow: rateOf("slow"),
  };
}
