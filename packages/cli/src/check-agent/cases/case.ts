import type { Law } from "../laws.ts";
import type { Table } from "../table.ts";

export type Level = 1 | 2 | 3;

/** One thing that a device is put through. */
export interface Case {
  name: string;
  /** What happens in it, for people. */
  title: string;
  /** The laws that it is about. Others that are broken meanwhile are told, too. */
  laws: readonly Law[];
  /** Resolves when all is well; throws `BrokenLaw` or `Skipped`. */
  play(table: Table): Promise<void>;
}
