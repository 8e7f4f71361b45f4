/** A part of a request that a flag sets: a query parameter, or a field of the body. */
export interface CallFlag {
  /** As the API names it; a dot leads to a field of an object. The flag is the same in kebab-case. */
  name: string;
  /** How its text is read. `texts` may be repeated; `json` is a value that has no simpler form. */
  kind: "text" | "texts" | "number" | "boolean" | "json";
  about?: string;
  choices?: readonly string[];
  /** The request has to have it. */
  required?: true;
  /** `null` is a value: it clears the field. */
  nullable?: true;
}

/** All that the command line has to know of an endpoint, printed from the contract into `call-table.ts`. */
export interface CallRow {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  about: string;
  query?: readonly CallFlag[];
  body?: readonly CallFlag[];
  /** The content type of a file that it takes. */
  upload?: string;
  /** The answer is one page of a list. */
  pages?: true;
  /** It can wait for an end (`Prefer: wait`). */
  waits?: true;
  /** It takes an idempotency key. */
  keyed?: true;
  /** It changes a resource that may be named by its tag (`If-Match`). */
  matches?: true;
  /** The answer is a file of this type. */
  file?: string;
  /** Types beside JSON in which the answer comes. */
  types?: readonly string[];
}

/** The calls of a noun, and what it is about. */
export interface CallNoun {
  about: string;
  calls: Readonly<Record<string, CallRow>>;
}

/** The name of a flag or a command: `device_serial_number` and `rotateSecret` in kebab-case. */
export function kebab(name: string): string {
  return name.replaceAll("_", "-").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The names of the ids in a path, without the account, which comes from the connection. */
export function idsOf({ path }: Pick<CallRow, "path">): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name).filter((name) => name !== "aid" && name !== "oid");
}
