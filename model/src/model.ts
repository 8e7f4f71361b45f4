/** One run of the model checker. */
export interface Model {
  /**
   * `protocol`: one device, all operations, time. `memory`: closes of the day with lost memories and restored
   * databases.
   */
  program: "protocol" | "memory";
  name: string;
  /** A line that says what distinguishes this run. */
  about: string;
  /** Preprocessor definitions, without `-D`. */
  defines: string[];
  /** `promises`: invariants of every state. `ending`: every accepted operation ends at some time (liveness). */
  checks: "promises" | "ending";
  /** The name of the promise in `promises.pml` that it must break; undefined for the protocol as it is. */
  breaks?: string;
}
