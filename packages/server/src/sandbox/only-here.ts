import { nothingHere } from "../platform/errors.ts";

/** Gives what a route of a sandbox needs. Without it, on a server that is no sandbox, the route looks as if it did not exist. */
export function onlyHere<Deps>(deps: Deps | undefined): () => Deps {
  return () => {
    if (!deps) throw nothingHere();
    return deps;
  };
}
