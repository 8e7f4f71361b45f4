/** `starting_after` of the next page: from the header `Link` (RFC 8288, `rel="next"`), or else from the page's own field. */
export function nextPage(body: unknown, link: string | null): string | undefined {
  const target = /<([^<>]*)>; {0,8}rel="next"/.exec(link ?? "")?.[1];
  if (target !== undefined) return new URL(target, "http://relative").searchParams.get("starting_after") ?? undefined;
  const { starting_after: next } = (body ?? {}) as { starting_after?: unknown };
  return typeof next === "string" ? next : undefined;
}
