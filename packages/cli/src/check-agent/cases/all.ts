import { answerCases } from "./answers.ts";
import type { Case, Level } from "./case.ts";
import { closeCases } from "./closes.ts";
import { commandCases } from "./commands.ts";
import { linkCases } from "./links.ts";
import { memoryCases } from "./memories.ts";
import { powerCases } from "./power.ts";

export type LevelCase = Case & { level: Level };

const byLevel: Record<Level, readonly Case[]> = {
  1: [...linkCases, ...commandCases, ...answerCases, ...powerCases],
  2: [...closeCases, ...memoryCases],
};

export const levels = [1, 2] as const satisfies readonly Level[];

/** All cases, in the order in which they are played. */
export const allCases: readonly LevelCase[] = levels.flatMap((level) =>
  byLevel[level].map((one) => ({ ...one, level })),
);
