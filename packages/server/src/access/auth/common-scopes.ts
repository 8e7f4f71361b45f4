import { scopes as allScopes, coversScope } from "@tillkeeper/contract/scopes";

/** The scopes that each of several lists covers: a role, a grant, a token. Of none more than its narrowest. */
export function commonScopes(...lists: readonly Iterable<string>[]): ReadonlySet<string> {
  const held = lists.map((list) => new Set(list));
  return new Set(allScopes.filter((scope) => held.every((list) => coversScope(list, scope))));
}

/** Scopes as an answer lists them: without those that another one of them covers. */
export function shortScopes(scopes: ReadonlySet<string>): string[] {
  return [...scopes].filter((scope) => {
    const further = new Set(scopes);
    further.delete(scope);
    return !coversScope(further, scope);
  });
}
