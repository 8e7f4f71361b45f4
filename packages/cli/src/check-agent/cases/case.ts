import type { CaseContext } from "../case-context.ts";
import type { Law } from "../laws.ts";

export type Level = 1 | 2 | 3;

/** One test of a device. */
export interface Case {
  name: string;
  /** What the case does to the device, for people. */
  title: string;
  /** The laws that the case tests. Breaches of other laws are reported, too. */
  laws: readonly Law[];
  /** Resolves when all is well; throws `BrokenLaw` or `Skipped`. */
  play(context: CaseContext): Promise<void>;
}
