/** One run of the model checker. */
export interface Model {
  /** `protocol`: one device, all operations, time. `memory`: closes of the day over lost memories and databases that go back. */
  program: "protocol" | "memory";
  name: string;
  /** What is special about it, in one line. */
  about: string;
  /** Preprocessor definitions, without `-D`. */
  defines: string[];
  /** `promises`: what must hold in every state. `ending`: that every accepted operation ends, however long it takes. */
  checks: "promises" | "ending";
  /** The promise of `promises.pml` that it must break, by name; undefined for the protocol as it is. */
  breaks?: string;
}
