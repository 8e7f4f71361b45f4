import { Closing } from "@tillkeeper/server/platform/closing";

/** A `Closing` that accepts no step once it has begun: a part started after that would never be ended. */
export class Ending extends Closing {
  #begun = false;

  /** Throws when closing has begun. Call it before starting the part that the step ends. */
  override add(step: () => Promise<void> | void): void {
    if (this.#begun) throw new Error("everything is being ended");
    super.add(step);
  }

  override close(): Promise<void> {
    this.#begun = true;
    return super.close();
  }
}
