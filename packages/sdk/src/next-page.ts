/** `starting_after` of RFC 8288's `<…>; rel="next"`. */
export function nextPage(link: string | null): string | undefined {
  const target = /<([^<>]*)>; {0,8}rel="next"/.exec(link ?? "")?.[1];
  return target === undefined
    ? undefined
    : (new URL(target, "http://relative").searchParams.get("starting_after") ?? undefined);
}
