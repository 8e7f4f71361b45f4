/**
 * Remembers for a moment which operations this server has sent to their terminals. The time is written along with the
 * next report about the operation, so it costs no commit of its own; what nothing is heard of is written by a worker.
 */
export interface DispatchedNotes {
  note(sent: Dispatched): void;
  /** Hands the note over to whoever writes it; a terminal takes only its own. */
  take(terminalId: string, operationId: string): Date | null;
  /** All that are there. */
  takeAll(): Dispatched[];
}

export interface Dispatched {
  accountId: string;
  id: string;
  terminalId: string;
  at: Date;
}

export function dispatchedNotes(): DispatchedNotes {
  let notes = new Map<string, Dispatched>();
  return {
    note: (sent) => void (notes.has(sent.id) || notes.set(sent.id, sent)),
    take: (terminalId, operationId) => {
      const sent = notes.get(operationId);
      if (sent?.terminalId !== terminalId) return null;
      notes.delete(operationId);
      return sent.at;
    },
    takeAll: () => {
      const all = [...notes.values()];
      notes = new Map();
      return all;
    },
  };
}
