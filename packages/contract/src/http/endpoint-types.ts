import type { Static, TObject, TSchema } from "typebox";
import type { Endpoint } from "./endpoint.ts";

/** The names of the parameters in a path, in order: `["aid", "store_id"]`. */
export type PathParameters<Path extends string> = Path extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Further}`
    ? [Name, ...PathParameters<Further>]
    : [Rest]
  : [];

/** The query parameters that a caller may send. All are optional: a required one has a default. */
export type QueryOf<E extends Endpoint> = E["query"] extends TObject
  ? { [Name in keyof Static<E["query"]>]?: Static<E["query"]>[Name] | undefined }
  : never;

export type BodyOf<E extends Endpoint> = E["body"] extends TSchema ? Static<E["body"]> : never;

/** The body of a success answer of any status; `undefined` for 204. */
export type AnswerOf<E extends Endpoint> = {
  [Status in keyof E["answers"]]: Status extends 204
    ? undefined
    : E["answers"][Status] extends TSchema
      ? Static<E["answers"][Status]>
      : never;
}[keyof E["answers"]];
