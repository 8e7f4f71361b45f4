/**
 * Remembers briefly which operations this server has sent to their terminals. The time is written with the next report
 * about the operation, so it costs no commit of its own. A worker writes the times of operations without a report.
 */
export interface DispatchedNotes {
  note(sent: Dispatched): void;
  /**
   * Removes and answers the time, for a caller that writes it. Null if there is none, or the operation is not the
   * terminal's.
   */
  take(terminalId: string, operationId: string): Date | null;
  /** Removes and answers all times. */
  takeAll(): Dispatched[];
}

export interface Dispatched {
  accountId: string;
  id: string;
  terminalId: string;
  at: Date;
}

export function createDispatchedNotes(): DispatchedNotes {
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
