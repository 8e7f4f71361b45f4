import type { Stage } from "../stage/stage.ts";
import type { Fault } from "./schedule.ts";

/** Inflicts and lifts one kind of fault. Both methods may throw; the fault then counts as failed. */
export interface Blow {
  /** Called at the fault's time; resolves when the fault is in force. */
  strike(stage: Stage, fault: Fault): void | Promise<void>;
  /** Called after the fault's duration, or when the run ends early, unless `strike` has thrown. */
  lift(stage: Stage, fault: Fault): void | Promise<void>;
}
