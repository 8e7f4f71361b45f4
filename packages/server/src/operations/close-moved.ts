/** The operation was not accepted: the request expected another last close of the terminal. */
export class CloseMoved extends Error {
  override readonly name = "CloseMoved";
  /** Id of what the server now holds as the last close of the terminal's present address; null for none. */
  readonly lastClose: string | null;

  constructor(lastClose: string | null) {
    super(`The last close is ${lastClose ?? "none"}.`);
    this.lastClose = lastClose;
  }
}
