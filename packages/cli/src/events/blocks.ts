/** A block of a stream of Server-Sent Events, as far as this stream has fields. */
export interface Block {
  id?: string;
  event?: string;
  data?: string;
}

/** Cuts what comes of a stream into its blocks. Comments are blocks without fields: a sign of life. */
export class Blocks {
  #text = "";

  /** Takes further text; gives the blocks that are whole with it. */
  take(chunk: string): Block[] {
    const texts = (this.#text + chunk).split("\n\n");
    this.#text = texts.pop() ?? "";
    return texts.map(blockOf);
  }
}

function blockOf(text: string): Block {
  const block: Block = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf(":");
    const name = line.slice(0, Math.max(at, 0));
    const value = line.slice(at + 1).replace(/^ /, "");
    if (name === "id" || name === "event") block[name] = value;
    if (name === "data") block.data = block.data === undefined ? value : `${block.data}\n${value}`;
  }
  return block;
}
