import { ReasonCodes } from "mqtt";
import type { MqttLevel } from "./mqtt-version.ts";

/** What an agent does when a broker refuses it or sends it away. */
export type Reaction =
  /** What it came with does not hold any more, or where: ask for a token. */
  | "renew"
  /** Speak the other version. */
  | "other_version"
  /** Leave the broker, or the other device, alone for a while. */
  | "stand_back"
  /** As after any break of the link. */
  | "again";

export const takenOver = 0x8e;

/** By return codes of MQTT 3.1.1 and reason codes of MQTT 5; others are "again". */
const reactions = new Map<number, Reaction>([
  // Unacceptable protocol version; bad user name or password; not authorized.
  [1, "other_version"],
  [4, "renew"],
  [5, "renew"],
  // The same in MQTT 5.
  [0x84, "other_version"],
  [0x86, "renew"],
  [0x87, "renew"],
  // Server unavailable, server busy.
  [0x88, "stand_back"],
  [0x89, "stand_back"],
  // Banned.
  [0x8a, "stand_back"],
  // Two devices with one identity would push each other out without end.
  [takenOver, "stand_back"],
  // Quota exceeded, connection rate exceeded.
  [0x97, "stand_back"],
  [0x9f, "stand_back"],
  // Use another server, server moved. Where to, the server says with a token: a broker could send agents, and passwords, anywhere.
  [0x9c, "renew"],
  [0x9d, "renew"],
]);

export function reactionTo(code: number | undefined, level: MqttLevel): Reaction {
  if (code === undefined) return "again";
  // MQTT 5 has no refusals below 128: this is a broker of 3.1.1.
  if (level === 5 && code < 128) return "other_version";
  return reactions.get(code) ?? "again";
}

interface Words {
  reasonString?: string;
  serverReference?: string;
}

/** A reason code as an error, with what the broker says beside it: for the log, and for nothing else. */
export function reasonError(what: string, code: number, { reasonString, serverReference }: Words = {}): Error {
  const name = (ReasonCodes as Record<number, string>)[code] ?? `reason code ${code}`;
  const words = [name, reasonString, serverReference].filter((it) => it !== undefined);
  return Object.assign(new Error(`${what}: ${words.join(", ")}`.slice(0, 500)), { code });
}

/** The code in an error of the MQTT client; undefined of other errors. */
export function reasonOf(cause: Error): number | undefined {
  const { code } = cause as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}
