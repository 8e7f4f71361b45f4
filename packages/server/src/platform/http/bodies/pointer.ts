/** The JSON pointer (RFC 6901) of a place below `root`. */
export function pointer(root: string, path: readonly (string | number)[]): string {
  return [root, ...path.map((segment) => escapeSegment(String(segment)))].join("/");
}

/** Escapes the separator in a name of a pointer. */
export function escapeSegment(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
