import { type Frame, Frames } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/frames";
import { Link } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/link";
import { onTestFinished, vi } from "vitest";
import { theBroker } from "./flooding.ts";

/**
 * Counts the packets that the test's broker reads from each connection, per turn of the event loop. Servers that other files of
 * the same process share have brokers of their own, whose devices speak when they like: these are not counted.
 */
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

  /** The connections of the test's broker. */
  readonly #ours = new Set<Frames>();

  constructor() {
    this.#watchPorts();
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

  /** Notes which connections are those of the test's broker: each receives bytes before a packet is read from them. */
  #watchPorts(): void {
    const port = Number(new URL(theBroker().url()).port);
    const received: (this: Link, chunk: Buffer) => void = Reflect.get(Link.prototype, "received");
    const push: (this: Frames, chunk: Buffer) => void = Reflect.get(Frames.prototype, "push");
    let receiving = 0;
    const links = vi.spyOn(Link.prototype, "received").mockImplementation(function (this: Link, chunk: Buffer): void {
      receiving = this.socket.localPort ?? 0;
      received.call(this, chunk);
    });
    const ours = this.#ours;
    const frames = vi.spyOn(Frames.prototype, "push").mockImplementation(function (this: Frames, chunk: Buffer): void {
      if (receiving === port) ours.add(this);
      push.call(this, chunk);
    });
    onTestFinished(() => {
      links.mockRestore();
      frames.mockRestore();
    });
  }

  #note(frames: Frames, bytes: number): void {
    if (!this.#ours.has(frames)) return;
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
