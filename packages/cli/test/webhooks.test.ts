import { expect, test } from "vitest";
import { kindOf, runPage, tools } from "./support/page.ts";

test.skipIf(!tools)("the page on webhooks shows what the server answers", { timeout: 120_000 }, async () => {
  const { blocks, outputs } = await runPage("webhooks");
  for (const [index, { shown }] of blocks.entries()) {
    if (shown === undefined) continue;
    const answer = (outputs[index] as string)
      .trimEnd()
      .split("\n")
      .findLast((line) => line.startsWith("{")) as string;
    expect(kindOf(JSON.parse(answer))).toMatchObject(kindOf(JSON.parse(shown)) as object);
  }
  expect(outputs).toHaveLength(blocks.length + 1);
});
