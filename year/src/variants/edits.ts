import type { Edit } from "./edit.ts";
import { variants } from "./variants.ts";

/**
 * The workers that carry closes forward look every 20 ms, and what terminals tell is written at once. Nothing that they do is
 * changed.
 */
const pace: readonly Edit[] = [
  {
    file: "packages/server/src/platform/worker.ts",
    find: "if (more !== true) await pause(intervalMs, this.#rest.signal);",
    replace:
      "if (more !== true) await pause(/^(clock.follow|closings|closings.news|closings.autopilot|operations.expire|gateway.outbox)$/" +
      ".test(this.name) ? 20 : intervalMs, this.#rest.signal);",
  },
  {
    file: "packages/server/src/presence/hearing/event-batches.ts",
    find: "const batchMs = 1_000;",
    replace: "const batchMs = 50;",
  },
  {
    file: "packages/server/src/presence/telemetry/telemetry.ts",
    find: "const writeEveryMs = 1_000;",
    replace: "const writeEveryMs = 50;",
  },
];

/** The edits of a server's sources: those of the pace, and those of a broken variant, if one is named. */
export function editsOf(variant: string | undefined): readonly Edit[] {
  if (!variant) return pace;
  const broken = variants.find(({ name }) => name === variant);
  if (!broken) throw new Error(`no variant ${variant}`);
  return [...pace, ...broken.edits];
}
