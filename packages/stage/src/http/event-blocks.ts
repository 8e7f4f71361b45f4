/** A block of a stream of Server-Sent Events: its fields, and its comment. */
export interface EventBlock {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
  comment?: string;
}

/** Splits a stream into its blocks, as the specification of Server-Sent Events says. */
export class EventBlocks {
  #text = "";

  /** Takes further text; answers the blocks that are whole with it. */
  take(chunk: string): EventBlock[] {
    const texts = (this.#text + chunk).split("\n\n");
    this.#text = texts.pop() ?? "";
    return texts.map(blockOf);
  }
}

function blockOf(text: string): EventBlock {
  const fields = text.split("\n").map((line) => /^(?<name>[^:]*):? ?(?<value>.*)$/.exec(line)?.groups ?? {});
  return Object.fromEntries(fields.map(({ name, value }) => [name || "comment", value]));
}
