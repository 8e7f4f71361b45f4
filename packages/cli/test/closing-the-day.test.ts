import { expect, test } from "vitest";
import { kindOf, namesIn, runPage, tools } from "./support/page.ts";

test.skipIf(!tools)("the page on closing the day shows what the server answers", { timeout: 120_000 }, async () => {
  const { blocks, outputs } = await runPage("closing-the-day");
  const named: [string, string][] = [];
  for (const [index, { shown }] of blocks.entries()) {
    if (shown === undefined) continue;
    const answer = (outputs[index] as string).trimEnd().split("\n").at(-1) as string;
    expect(kindOf(JSON.parse(answer))).toMatchObject(kindOf(JSON.parse(shown)) as object);
    named.push(...namesIn(JSON.parse(shown), JSON.parse(answer)));
  }
  // One id or day of the page is one in the answers, and two are two: the second request goes on with the first closing.
  const pairs = new Set(named.map((pair) => pair.join(" is ")));
  const sides = [0, 1].map((side) => new Set(named.map((pair) => pair[side])));
  expect(sides.map(({ size }) => size)).toEqual([pairs.size, pairs.size]);
  expect(pairs.size).toBeGreaterThan(5);
});
