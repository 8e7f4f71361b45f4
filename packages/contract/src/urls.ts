/** An address without slashes at its end, so that a path can follow. A pattern for it would try each slash anew. */
export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
