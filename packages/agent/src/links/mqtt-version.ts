/** The protocol level in CONNECT: 4 is MQTT 3.1.1. */
export type MqttLevel = 4 | 5;

/** The MQTT version to use. `auto`: 5 where the broker supports it, else 3.1.1. */
export type MqttVersion = "auto" | keyof typeof levels;

const levels = { "5": 5, "3.1.1": 4 } as const;
export const mqttVersions = ["auto", "5", "3.1.1"] as const satisfies readonly MqttVersion[];
/** Returns the name of an MQTT version by its protocol level. */
export const versionOf = (level: MqttLevel): MqttVersion => (level === 5 ? "5" : "3.1.1");

/**
 * Attempts that a broker ended without an answer, after which its known version is forgotten: it may be another broker
 * now.
 */
const silencesBeforeForgetting = 3;

/**
 * The version in which each broker answered last, by host and port. Shared by all connections of this process: a fleet
 * asks once.
 */
const knownLevels = new Map<string, MqttLevel>();

/**
 * Chooses the MQTT version for the next attempt. A broker that supports 3.1.1 only refuses 5 by a CONNACK with that
 * code, or closes the connection without an answer (RabbitMQ before 3.13). Either way the other version is tried at
 * once, but only once: then the usual pause follows, and the choice begins anew. The version of a broker's last answer
 * is kept until the broker refuses it. So a broker that crashes during a CONNECT is not taken for a 3.1.1 broker.
 */
export class VersionChoice {
  readonly #fixed: MqttLevel | undefined;
  #address = "";
  #otherLevel: MqttLevel | undefined;
  #silences = 0;

  constructor(version: MqttVersion) {
    this.#fixed = version === "auto" ? undefined : levels[version];
  }

  /** Returns the version for an attempt that begins now. */
  begin(url: string): MqttLevel {
    this.#address = new URL(url).host;
    return this.#fixed ?? this.#otherLevel ?? knownLevels.get(this.#address) ?? 5;
  }

  /** To be called when the broker has answered in this version, also by a refusal for another reason. */
  answered(level: MqttLevel): void {
    this.#otherLevel = undefined;
    this.#silences = 0;
    if (!this.#fixed) knownLevels.set(this.#address, level);
  }

  /** To be called when the broker refused this version. Returns whether to try the other version at once. */
  refused(level: MqttLevel): boolean {
    if (knownLevels.get(this.#address) === level) knownLevels.delete(this.#address);
    return this.#switchVersion(level);
  }

  /**
   * To be called when the broker closed the connection without an answer. Returns whether to try the other version at
   * once.
   */
  silent(level: MqttLevel): boolean {
    if (knownLevels.get(this.#address) === level) {
      this.#silences += 1;
      if (this.#silences < silencesBeforeForgetting) return false;
      knownLevels.delete(this.#address);
    }
    return this.#switchVersion(level);
  }

  /** To be called when the attempt failed for a reason that has nothing to do with the version. */
  failed(): void {
    this.#otherLevel = undefined;
  }

  #switchVersion(level: MqttLevel): boolean {
    const hasSwitched = this.#otherLevel !== undefined;
    this.#silences = 0;
    this.#otherLevel = hasSwitched || this.#fixed ? undefined : level === 5 ? 4 : 5;
    return this.#otherLevel !== undefined;
  }
}
