import { isDeepStrictEqual } from "node:util";

/** What a step has found out; `deviations` are sentences on what is other than documented. */
export class Facts {
  readonly deviations: string[] = [];
  #details = "";

  /** What else there is to say about the step; shown while it plays, but not in the table. */
  get details(): string {
    return this.#details;
  }

  note(details: string): void {
    this.#details = details;
  }

  equal(what: string, got: unknown, expected: unknown): void {
    this.that(isDeepStrictEqual(got, expected), `${what} is ${show(got)}, not ${show(expected)}`);
  }

  matches(what: string, got: string | null | undefined, pattern: RegExp): void {
    this.that(pattern.test(got ?? ""), `${what} is ${show(got)}, which is not ${pattern.source}`);
  }

  that(holds: boolean, otherwise: string): void {
    if (!holds) this.deviations.push(otherwise);
  }
}

function show(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
