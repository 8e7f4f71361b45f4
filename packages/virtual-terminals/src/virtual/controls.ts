import type { Clock } from "@tillkeeper/agent/clock";
import type { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import type { TimedControls } from "@tillkeeper/contract/simulated-work";

const longestTimerMs = 24 * 60 * 60 * 1000;

/** The controls of one virtual terminal, which end by themselves. */
export class Controls {
  readonly #clock: Clock;
  /** Called when other controls hold than before. */
  readonly #changed: (now: TerminalControls, before: TerminalControls) => void;
  #timed: TimedControls;
  #cancelEnd = () => {};

  /** `clock` is the work clock: its timers go by the time that the terminal's clock shows. */
  constructor(clock: Clock, first: TimedControls, changed: (now: TerminalControls, before: TerminalControls) => void) {
    this.#clock = clock;
    this.#timed = first;
    this.#changed = changed;
    this.#endInTime();
  }

  /** The controls that hold now. */
  get now(): TerminalControls {
    const { controls, untilMs } = this.#timed;
    return untilMs !== undefined && untilMs <= this.#clock.now() ? {} : controls;
  }

  set(timed: TimedControls): void {
    const before = this.#timed.controls;
    this.#timed = timed;
    this.#endInTime();
    this.#changed(this.now, before);
  }

  stop(): void {
    this.#cancelEnd();
  }

  #endInTime(): void {
    this.#cancelEnd();
    const { untilMs } = this.#timed;
    if (untilMs === undefined) return;
    const leftMs = Math.max(0, untilMs - this.#clock.now());
    this.#cancelEnd = this.#clock.after(Math.min(leftMs, longestTimerMs), () => {
      if (leftMs > longestTimerMs) this.#endInTime();
      else this.set({ controls: {} });
    });
  }
}
