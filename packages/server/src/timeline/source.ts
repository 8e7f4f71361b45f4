import type { TimelineEntry } from "@tillkeeper/contract/http/timeline";
import type { TimelineType } from "@tillkeeper/contract/timeline";
import type { Tx } from "../db/db.ts";
import type { Position } from "./position.ts";
import type { Span, Window } from "./window.ts";
import type { Words } from "./words/words.ts";

/** A terminal, or a store, as far as it belongs to the timeline. */
export interface Place extends Span {
  id: string;
}

/** Whose timeline it is. */
export interface Subject {
  accountId: string;
  /** Terminals, with the spans in which they count. */
  terminals: readonly Place[];
  /** Stores by their generated ids, with the spans in which they count. */
  stores: readonly Place[];
  /** Models of its terminals, for which releases and configurations count. */
  models: readonly string[];
  /** It is that of a store: what concerns the store alone is told, too, and a terminal by its name. */
  ofStore: boolean;
}

/** What a source is asked for: at least that many of the nearest entries, if there are so many. */
export interface Wanted {
  tx: Tx;
  subject: Subject;
  window: Window;
  limit: number;
}

/** An entry before its words are found. */
export interface Found extends Position {
  type: TimelineType;
  text: (words: Words) => string;
  link: string;
  terminalId?: string;
  by?: string | null;
  operation?: TimelineEntry["operation"];
}

/**
 * A kind of fact. It reads by an index, from the edge of the window on, so that its cost does not depend on how much there is. What
 * it finds beyond the window is dropped by who asks.
 */
export type Source = (wanted: Wanted) => Promise<Found[]>;
