/** Names for the ids by which people and clients act in an account. */
export interface ActorNames {
  /** The names of those that have one. An id of another form, such as a terminal's, has none. */
  of(accountId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

interface Created {
  created_by: string;
  created_by_name?: string;
}

/** The same things with the name of who made each, beside its id. */
export async function withCreatorNames<T extends Created>(
  names: ActorNames,
  accountId: string,
  things: readonly T[],
): Promise<T[]> {
  const ids = new Set(things.map(({ created_by: id }) => id));
  const found = await names.of(accountId, [...ids]);
  return things.map((thing) => {
    const name = found.get(thing.created_by);
    return name === undefined ? thing : withName(thing, name);
  });
}

/** One thing, with the name of who made it. */
export async function withCreatorName<T extends Created>(names: ActorNames, accountId: string, thing: T): Promise<T> {
  const found = await names.of(accountId, [thing.created_by]);
  const name = found.get(thing.created_by);
  return name === undefined ? thing : withName(thing, name);
}

/** The name stands behind the id, in the order of the documents. */
function withName<T extends Created>(thing: T, name: string): T {
  const fields = Object.entries(thing).flatMap((field) =>
    field[0] === "created_by" ? [field, ["created_by_name", name]] : [field],
  );
  return Object.fromEntries(fields) as T;
}
