import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest. They begin first, so that no run ends with one worker at them and the others idle: where nothing
 * is known of earlier runs, Vitest begins with the largest files, and some of these are small.
 */
const longest = [
  "-agent.test.ts",
  "/broken-parts.test.ts",
  "/check-agent/",
  "/check-client/",
  "/simulate.test.ts",
  "/device-suite/",
  "/pages.test.ts",
  "/token-broker.test.ts",
  "/restore-drill/",
  "/replicas/kills.test.ts",
  "/life.test.ts",
  "/presence-links.test.ts",
  "/virtual-terminals.test.ts",
  "/demo.test.ts",
  "/hostile.test.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((part) => moduleId.includes(part));
      return place === -1 ? longest.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}
