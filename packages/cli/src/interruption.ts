import { isatty } from "node:tty";
import { reportFailure } from "./failure.ts";

/** A package manager passes on the SIGINT that its child also gets from the terminal: one key press, two signals. */
const samePressMs = 500;
/** Exit code of what was interrupted before there was anything to tell. */
export const interruptedCode = 130;

/**
 * Gives a signal that aborts with the first SIGINT or SIGTERM, and when the terminal closes, so that the command can end in
 * order. After that another Ctrl-C ends the process at once with 130. An uncaught error is printed and aborts the signal,
 * too, with exit code 1.
 */
export function watchInterruption(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const interrupt = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > samePressMs) {
      process.exit(interruptedCode);
    }
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", () => controller.abort());
  // SIGHUP: the terminal's window was closed. Without a terminal, as under nohup, the process must survive that; nohup's own
  // way, to have the signal ignored, is undone by Node.
  const inTerminal = [0, 1, 2].some((stream) => isatty(stream));
  process.on("SIGHUP", () => {
    if (inTerminal) controller.abort();
  });
  process.on("uncaughtException", (error) => {
    reportFailure(error);
    controller.abort();
  });
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
