import { limits } from "@tillkeeper/contract/limits";

/** Whoever sends this does not speak MQTT 3.1.1, or does what nobody may; the connection ends. */
export class ProtocolError extends Error {}

/** One packet as it came: what kind it is, the four bits beside that, and the rest. */
export interface Frame {
  type: number;
  flags: number;
  body: Buffer;
}

/** A remaining length has four bytes at most. */
const longestHeader = 5;

/**
 * Cuts a stream of bytes into packets. What is announced as too long is refused before it is there: nobody fills the memory
 * before having said who they are.
 */
export class Frames {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** There is nothing to be found in fewer bytes than these. */
  #needed = 2;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#joinSmall();
  }

  /** A packet may come byte by byte, and each piece takes a hundred bytes beside its own: no more than a dozen are kept. */
  #joinSmall(): void {
    for (let last = this.#chunks.length - 1; last > 0; last -= 1) {
      const [before, after] = [this.#chunks[last - 1] as Buffer, this.#chunks[last] as Buffer];
      // Only equals are joined, so that no byte is copied more often than a packet's length can be halved.
      if (before.length > after.length) return;
      this.#chunks.splice(last - 1, 2, Buffer.concat([before, after]));
    }
  }

  /** How many bytes wait to be cut. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The next packet that is there as a whole. Throws `ProtocolError`. */
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

  /** Joined once per packet, not once per chunk. */
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
