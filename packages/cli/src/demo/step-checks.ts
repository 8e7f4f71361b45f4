import { isDeepStrictEqual } from "node:util";

/** The checks of one step. `deviations` are sentences, one for each difference from the documentation. */
export class StepChecks {
  readonly deviations: string[] = [];
  #details = "";

  /** Further words on the step, shown while it plays, but not in the table. */
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
