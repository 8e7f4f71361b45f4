import { Closing } from "@tillkeeper/server/platform/closing";

/** A `Closing` that takes nothing more once it has begun: what is started after that would stay behind. */
export class Ending extends Closing {
  #begun = false;

  /** Throws when it is too late. To be called before the thing is started that the step ends. */
  override add(step: () => Promise<void> | void): void {
    if (this.#begun) throw new Error("everything is being ended");
    super.add(step);
  }

  override close(): Promise<void> {
    this.#begun = true;
    return super.close();
  }
}
