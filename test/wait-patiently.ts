import { vi } from "vitest";
import { patience } from "../packages/stage/src/patience.ts";

const { waitFor, waitUntil } = vi;
const waits = vi as typeof vi & { patient?: true };

// A test may check more often and wait longer, but not shorter: no outcome may depend on the machine's speed. Files
// that share a worker also share `vi`.
if (!waits.patient) {
  waits.patient = true;
  vi.waitFor = (condition, options) => waitFor(condition, withPatience(options));
  vi.waitUntil = (condition, options) => waitUntil(condition, withPatience(options));
}

function withPatience(options: Parameters<typeof waitFor>[1]): typeof patience {
  const { timeout = 0, interval = patience.interval } =
    typeof options === "number" ? { timeout: options } : (options ?? {});
  return { interval, timeout: Math.max(timeout, patience.timeout) };
}
