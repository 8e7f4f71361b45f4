import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

// mozilla/fxa #3491, pnpm/pnpm #8116: where NODE_ENV is `production`, npm leaves development dependencies out.
it("npm start has its Node also where development dependencies are left out", () => {
  const { scripts, dependencies } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, "../../package.json"), "utf8"),
  ) as { scripts: Record<string, string>; dependencies: Record<string, string> };
  expect(scripts["start"]).toMatch(/^node /);
  expect(dependencies["node"]).toMatch(/^24\./);
});
