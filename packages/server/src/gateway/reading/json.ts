import { limits } from "@tillkeeper/contract/limits";
import type { Place } from "../../operations/reports/results.ts";
import { findWrongName } from "../../platform/http/bodies/json-text.ts";
import { hasMoreValues } from "../../platform/http/bodies/value-count.ts";

/** The JSON of a message, and its faults. */
interface ReadJson {
  /** Undefined where the payload is no JSON. */
  said?: unknown;
  fault?: Place;
  /** Whether readers may differ in what they take a field of the message itself for. */
  ambiguous?: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the JSON of a message under the rules that hold for bodies of requests: UTF-8, names that occur once, few levels. Reads it
 * also where the message is too large, for what it says of its operation. Its time is linear in the payload.
 */
export function readJson(payload: Buffer): ReadJson {
  let text: string;
  let said: unknown;
  try {
    text = utf8.decode(payload);
    said = JSON.parse(text);
  } catch {
    return { fault: { path: "", message: "is not JSON" } };
  }
  if (payload.length > limits.mqttPacketBytes) {
    return { said, fault: { path: "", message: `must not be larger than ${limits.mqttPacketBytes} bytes` } };
  }
  // Checked before validation, because each value may be a wrong place.
  if (hasMoreValues(said, limits.mqttMessageValues)) {
    return { said, fault: { path: "", message: `must not have more than ${limits.mqttMessageValues} values` } };
  }
  const wrong = findWrongName(text, "");
  if (!wrong) return { said };
  const { path, message } = wrong;
  return { said, fault: { path, message }, ambiguous: path.lastIndexOf("/") === 0 };
}
