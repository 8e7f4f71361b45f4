/**
 * Removes slashes from the end of a URL, so that a path can be appended. A loop, because a regular expression would start
 * again at each slash of a long run.
 */
export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
