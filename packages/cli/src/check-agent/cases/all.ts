import { answerCases } from "./answers.ts";
import type { Case, Level } from "./case.ts";
import { closeCases } from "./closes.ts";
import { commandCases } from "./commands.ts";
import { fileCases } from "./files.ts";
import { linkCases } from "./links.ts";
import { memoryCases } from "./memories.ts";
import { powerCases } from "./power.ts";

export type LevelCase = Case & { level: Level };

export const levels = [1, 2, 3] as const satisfies readonly Level[];

const groups: readonly (readonly [Level, readonly Case[]])[] = [
  [1, [...linkCases, ...commandCases, ...answerCases, ...powerCases]],
  [2, closeCases],
  [3, fileCases],
  // Last, because the device gets another address in these cases, or has to stop.
  [2, memoryCases],
];

/** All cases, in the order in which they are played. */
export const allCases: readonly LevelCase[] = groups.flatMap(([level, cases]) =>
  cases.map((one) => ({ ...one, level })),
);
