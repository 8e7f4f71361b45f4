import { isatty } from "node:tty";
import { reportFailure } from "./failure.ts";

/** A package manager passes Ctrl-C on to a child that the terminal has told already: one key press, two signals. */
const samePressMs = 500;
const interruptedCode = 130;

/**
 * Aborts with the first SIGINT or SIGTERM, so that the command can end in order. From then on another Ctrl-C ends the
 * process at once with 130. An error that nobody has caught is reported and asks for the same orderly end, exit code 1.
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
  // The window was closed. Under nohup, which asks to survive that, standard input is no terminal.
  if (isatty(0)) process.on("SIGHUP", () => controller.abort());
  process.on("uncaughtException", (error) => {
    reportFailure(error);
    process.exitCode = 1;
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
