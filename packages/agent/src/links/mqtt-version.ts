/** As MQTT numbers its versions in CONNECT: 4 is 3.1.1. */
export type MqttLevel = 4 | 5;

/** What to speak: 5 where the broker does and else 3.1.1, or only the one. */
export type MqttVersion = "auto" | keyof typeof levels;

const levels = { "5": 5, "3.1.1": 4 } as const;
export const mqttVersions = ["auto", "5", "3.1.1"] as const satisfies readonly MqttVersion[];
export const versionOf = (level: MqttLevel): MqttVersion => (level === 5 ? "5" : "3.1.1");

/** After so many attempts that a broker ended without a word, what it once spoke does not count any more: it may be another. */
const silencesToForget = 3;

/** What the broker at an address spoke last, for all connections of this process: a fleet asks once. */
const spoken = new Map<string, MqttLevel>();

/**
 * Which version to try next. Brokers that know 3.1.1 only refuse 5 by a CONNACK that says so, or by closing the connection without
 * a word (RabbitMQ before 3.13). Either way the other version is tried at once, but only once: then the usual pause follows, and
 * it begins anew. What a broker has spoken holds until it says otherwise, so that one that falls over in the middle of a CONNECT is
 * not taken for an old one.
 */
export class VersionChoice {
  readonly #fixed: MqttLevel | undefined;
  #address = "";
  #instead: MqttLevel | undefined;
  #silences = 0;

  constructor(version: MqttVersion) {
    this.#fixed = version === "auto" ? undefined : levels[version];
  }

  /** For an attempt that begins now. */
  begin(url: string): MqttLevel {
    this.#address = new URL(url).host;
    return this.#fixed ?? this.#instead ?? spoken.get(this.#address) ?? 5;
  }

  /** Whatever its answer was, the broker gave it in this version. */
  answered(level: MqttLevel): void {
    this.#instead = undefined;
    this.#silences = 0;
    if (!this.#fixed) spoken.set(this.#address, level);
  }

  /** The broker says that it does not speak this version. Answers whether to try the other one at once. */
  refused(level: MqttLevel): boolean {
    if (spoken.get(this.#address) === level) spoken.delete(this.#address);
    return this.#turn(level);
  }

  /** The broker closed the connection in place of an answer. Answers whether to try the other version at once. */
  silent(level: MqttLevel): boolean {
    if (spoken.get(this.#address) === level) {
      this.#silences += 1;
      if (this.#silences < silencesToForget) return false;
      spoken.delete(this.#address);
    }
    return this.#turn(level);
  }

  /** The attempt failed for a reason that says nothing about versions. */
  failed(): void {
    this.#instead = undefined;
  }

  #turn(level: MqttLevel): boolean {
    const turned = this.#instead !== undefined;
    this.#silences = 0;
    this.#instead = turned || this.#fixed ? undefined : level === 5 ? 4 : 5;
    return this.#instead !== undefined;
  }
}
