import { limits } from "@tillkeeper/contract/limits";

/** The peer does not speak MQTT 3.1.1, or does what no terminal may do. The connection ends. */
export class ProtocolError extends Error {}

/** One packet as it was received: its type, the four flag bits, and the rest. */
export interface Frame {
  type: number;
  flags: number;
  body: Buffer;
}

/** One byte of type and flags, and at most four bytes of remaining length. */
const longestHeader = 5;

/**
 * Cuts a stream of bytes into packets. A packet is refused for its announced length, before its bytes arrive: a peer
 * that has not authenticated must not fill the memory.
 */
export class Frames {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The bytes that the next packet needs at least. */
  #needed = 2;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#joinSmall();
  }

  /**
   * Joins small chunks. A packet may come byte by byte, and each chunk takes a hundred bytes beside its own: no more
   * than a dozen are kept.
   */
  #joinSmall(): void {
    for (let last = this.#chunks.length - 1; last > 0; last -= 1) {
      const [before, after] = [this.#chunks[last - 1] as Buffer, this.#chunks[last] as Buffer];
      // A chunk is joined only with its equal or a smaller one, so that each byte is copied at most log2(packet length)
      // times.
      if (before.length > after.length) return;
      this.#chunks.splice(last - 1, 2, Buffer.concat([before, after]));
    }
  }

  /** How many bytes are buffered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Removes and answers the next complete packet, or answers undefined. Throws `ProtocolError`. */
  next(): Frame | undefined {
    if (this.#bytes < this.#needed) return undefined;
    const all = this.#joined();
    let length = 0;
    let at = 1;
    for (let more = true; more; at += 1) {
      if (at === longestHeader) throw new ProtocolError("a length of more than four bytes");
      const byte = all[at];
      if (byte === undefined) return this.#until(at + 1);
      length += (byte & 0x7f) * 128 ** (at - 1);
      more = byte > 0x7f;
    }
    if (length > limits.mqttPacketBytes) throw new ProtocolError(`a packet of ${length} bytes`);
    const end = at + length;
    if (all.length < end) return this.#until(end);
    this.#keep(all.subarray(end));
    const first = all[0] as number;
    return { type: first >> 4, flags: first & 0x0f, body: all.subarray(at, end) };
  }

  /** Joins all chunks: once per packet, not once per chunk. */
  #joined(): Buffer {
    const [only] = this.#chunks;
    const all = only && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #until(bytes: number): undefined {
    this.#needed = bytes;
    return undefined;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    this.#needed = 2;
  }
}
