import { allCases } from "../../src/check-agent/cases/all.ts";
import type { Level } from "../../src/check-agent/cases/case.ts";
import { linkCases } from "../../src/check-agent/cases/links.ts";

const links = linkCases.map(({ name }) => name);

const names = (wanted: (level: Level, name: string) => boolean) =>
  allCases.filter(({ level, name }) => wanted(level, name)).map(({ name }) => name);

/**
 * Splits all cases up to a level into parts of about the same duration. A run mostly waits, so the parts run in
 * parallel, each with a device of its own.
 */
export function partsOf(highest: Level): [part: string, cases: string[]][] {
  return [
    ["links", links],
    [highest < 3 ? "the rest of level 1" : "the rest of levels 1 and 3", rest(highest)],
    ["level 2", names((level) => level === 2)],
  ];
}

function rest(highest: Level): string[] {
  return names((level, name) => level !== 2 && level <= highest && !links.includes(name));
}
