import type { Receive } from "./transport.ts";

/**
 * Handles so many messages of one terminal at a time, over all its connections; the others wait for their turn. One that
 * floods the server then waits for itself, and does not stand before everybody else at the database.
 */
export function fairShare(mostAtOnce: number, receive: Receive): Receive {
  const terminals = new Map<string, { running: number; waiting: (() => void)[] }>();
  return async (terminalId, ...said) => {
    const terminal = terminals.get(terminalId) ?? { running: 0, waiting: [] };
    terminals.set(terminalId, terminal);
    if (terminal.running < mostAtOnce) terminal.running += 1;
    else await new Promise<void>((resolve) => terminal.waiting.push(resolve));
    try {
      await receive(terminalId, ...said);
    } finally {
      const next = terminal.waiting.shift();
      // The turn is handed on; nobody who comes just now may take it.
      if (next) next();
      else terminal.running -= 1;
      if (terminal.running === 0) terminals.delete(terminalId);
    }
  };
}
