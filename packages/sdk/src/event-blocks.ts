/** A block of a stream of Server-Sent Events. */
export interface EventBlock {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
}

/** Reads blocks of a stream, and tells each piece that comes, also of comments. Cancels the stream when the reader stops. */
export async function* eventBlocks(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<EventBlock> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) yield blockOf(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function blockOf(text: string): EventBlock {
  const block: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    // Several lines of data are one text; of everything else the last one counts.
    block[name] = name === "data" && block["data"] !== undefined ? `${block["data"]}\n${value}` : value;
  }
  return block;
}
