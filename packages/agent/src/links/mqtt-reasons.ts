import { ReasonCodes } from "mqtt";
import type { MqttLevel } from "./mqtt-version.ts";

/** What an agent does after a broker refused or ended its connection. */
export type Reaction =
  /** Request a new token: password or broker URL are no longer valid. */
  | "renew"
  /** Use the other MQTT version. */
  | "other_version"
  /** Pause longer: the broker is busy, or another device has taken over. */
  | "stand_back"
  /** Connect again after the usual pause. */
  | "again";

/** MQTT 5 reason code "Session taken over". */
export const sessionTakenOver = 0x8e;

/** The reaction to return codes of MQTT 3.1.1 and reason codes of MQTT 5; to all others it is "again". */
const reactions = new Map<number, Reaction>([
  // Unacceptable protocol version; bad user name or password; not authorized.
  [1, "other_version"],
  [4, "renew"],
  [5, "renew"],
  // Unsupported protocol version; bad user name or password; not authorized.
  [0x84, "other_version"],
  [0x86, "renew"],
  [0x87, "renew"],
  // Server unavailable, server busy.
  [0x88, "stand_back"],
  [0x89, "stand_back"],
  // Banned.
  [0x8a, "stand_back"],
  // Session taken over. Two devices with one identity would otherwise take each other's place without end.
  [sessionTakenOver, "stand_back"],
  // Quota exceeded, connection rate exceeded.
  [0x97, "stand_back"],
  [0x9f, "stand_back"],
  // Use another server, server moved. The agent takes the new URL only from a token of the server: a broker could send
  // agents, and their passwords, anywhere.
  [0x9c, "renew"],
  [0x9d, "renew"],
]);

/**
 * Returns the reaction to a code from a connection of that MQTT version; `code` is undefined when the broker gave none.
 */
export function reactionTo(code: number | undefined, level: MqttLevel): Reaction {
  if (code === undefined) return "again";
  // MQTT 5 has no refusals below 128: the broker speaks 3.1.1.
  if (level === 5 && code < 128) return "other_version";
  return reactions.get(code) ?? "again";
}

interface ReasonProperties {
  reasonString?: string;
  serverReference?: string;
}

/**
 * Makes an error of a reason code. Its message carries the broker's Reason String and Server Reference, for the log
 * only.
 */
export function reasonError(
  what: string,
  code: number,
  { reasonString, serverReference }: ReasonProperties = {},
): Error {
  const name = (ReasonCodes as Record<number, string>)[code] ?? `reason code ${code}`;
  const words = [name, reasonString, serverReference].filter((it) => it !== undefined);
  return Object.assign(new Error(`${what}: ${words.join(", ")}`.slice(0, 500)), { code });
}

/** Returns the code in an error of the MQTT client; undefined for other errors. */
export function reasonOf(cause: Error): number | undefined {
  const { code } = cause as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}
