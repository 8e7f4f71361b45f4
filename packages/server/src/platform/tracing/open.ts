import type { Logger } from "../log/log.ts";
import type { TraceSettings, Traces } from "./traces.ts";

/** Opens traces where the settings ask for them. */
export async function openTraces(
  settings: TraceSettings | undefined,
  log: Pick<Logger, "warn">,
): Promise<Traces | undefined> {
  if (!settings) return undefined;
  // Loaded on demand: a server without traces should not spend time and memory on OpenTelemetry.
  const { otlpTraces } = await import("./otlp.ts");
  return otlpTraces(settings, log);
}
