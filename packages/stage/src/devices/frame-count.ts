import { type Frame, Frames } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/frames";
import { onTestFinished, vi } from "vitest";

/** Counts the packets that the brokers of this process read from each connection, per turn of the event loop. */
export class FrameCount {
  /** The packets read from each connection, in total and in this turn, and their bytes in this turn. */
  readonly #all = new Map<Frames, { total: number; now: number; bytes: number }>();
  /**
   * The maximum of packets from one connection in one turn; below, the maximum of bytes, and the packets of all
   * connections per turn.
   */
  mostOfOne = 0;
  mostBytesOfOne = 0;
  readonly ofAll: number[] = [0];

  constructor() {
    const next: (this: Frames) => Frame | undefined = Reflect.get(Frames.prototype, "next");
    const note = (frames: Frames, bytes: number) => this.#note(frames, bytes);
    const spy = vi.spyOn(Frames.prototype, "next").mockImplementation(function (this: Frames): Frame | undefined {
      const frame = next.call(this);
      if (frame) note(this, frame.body.length);
      return frame;
    });
    let watching = true;
    const turn = () => {
      for (const counts of this.#all.values()) Object.assign(counts, { now: 0, bytes: 0 });
      this.ofAll.push(0);
      if (watching) setImmediate(turn);
    };
    setImmediate(turn);
    onTestFinished(() => {
      watching = false;
      spy.mockRestore();
    });
  }

  /** The total packets per connection, in descending order. */
  get totals(): number[] {
    return [...this.#all.values()].map(({ total }) => total).sort((one, other) => other - one);
  }

  #note(frames: Frames, bytes: number): void {
    const counts = this.#all.get(frames) ?? { total: 0, now: 0, bytes: 0 };
    this.#all.set(frames, counts);
    counts.total += 1;
    counts.now += 1;
    counts.bytes += bytes;
    this.mostBytesOfOne = Math.max(this.mostBytesOfOne, counts.bytes);
    this.mostOfOne = Math.max(this.mostOfOne, counts.now);
    this.ofAll.push((this.ofAll.pop() ?? 0) + 1);
  }
}
