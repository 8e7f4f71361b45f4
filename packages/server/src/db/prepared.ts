import { type RawBuilder, sql } from "kysely";
import type pg from "pg";

const marked = /^\/\* prepared (?<name>\w+) \*\//;

/**
 * Begins a Kysely statement that its connection prepares under this name, and plans once: for statements whose planning
 * takes longer than they do. One name stands for one text. A text that tenants use and the owner of the tables does needs
 * two names, because row security makes two plans of it, each of which would end the other.
 */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared ${name} */ `);
}

/** Makes a connection obey the mark of `prepared`; Kysely itself names no statements. */
export function prepareMarked(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = (...args: unknown[]) => {
    const [text, values, ...rest] = args;
    const name = typeof text === "string" ? marked.exec(text)?.groups?.["name"] : undefined;
    return (name === undefined ? query(...args) : query({ name, text, values }, ...rest)) as never;
  };
}
