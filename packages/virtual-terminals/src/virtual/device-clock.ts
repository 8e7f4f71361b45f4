import { type Clock, systemClock } from "@tillkeeper/agent/clock";

/** The time that a virtual terminal's clock shows, in epoch milliseconds, and how many of its seconds pass in a second. */
export interface DeviceTime {
  now(): number;
  rate(): number;
}

/** `time` may jump ahead: a timer that waits for an instant of it looks again after so long. */
const lookAgainMs = 250;

/**
 * The clock of a virtual terminal. A jump of `time` looks to the agent like any other jump of a wall clock: it asks the
 * server what time it is before it begins an operation. Connections and heartbeats go by real time.
 */
export function deviceClock(time: DeviceTime | undefined): Clock {
  return time ? { ...systemClock, now: () => time.now() } : systemClock;
}

/** The clock of what the terminal itself does, such as an operation or a payment: its timers go by `time`, too. */
export function workClock(clock: Clock, time: DeviceTime | undefined): Clock {
  if (!time) return clock;
  return {
    ...clock,
    after(delayMs, action) {
      const end = time.now() + delayMs;
      let cancel = () => {};
      const wait = (leftMs: number) => {
        cancel = clock.after(Math.min(leftMs / time.rate(), lookAgainMs), look);
      };
      const look = () => {
        const leftMs = end - time.now();
        if (leftMs > 0) wait(leftMs);
        else action();
      };
      wait(delayMs);
      return () => cancel();
    },
  };
}
