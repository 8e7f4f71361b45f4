import { ApiError } from "../errors.ts";
import type { Route } from "./route.ts";

/**
 * Tells what is not there from what is there under other methods: 404, or 405 with `Allow` (RFC 9110 section 15.5.6).
 * A route behind a guard of its own stays unseen.
 */
export function refuseUnknown(
  routes: readonly Route[],
  maxParamLength: number,
): (method: string, url: string) => ApiError {
  const methods = new Map<string, Set<string>>([["/openapi.json", new Set(["GET", "HEAD"])]]);
  for (const row of routes) {
    if (row.guard) continue;
    const known = methods.get(row.path) ?? new Set();
    methods.set(row.path, known.add(row.method));
    if (row.method === "GET") known.add("HEAD");
  }
  const forms = [...methods].map(([path, known]) => ({ form: formOf(path, maxParamLength), allow: [...known] }));
  return (method, url) => {
    const path = url.split(/[?#]/, 1)[0] as string;
    const allowed = forms.filter(({ form }) => form.test(path)).flatMap(({ allow }) => allow);
    if (allowed.length === 0) return new ApiError("not_found", "There is nothing at this address.");
    const allow = [...new Set(allowed)].join(", ");
    return new ApiError("method_not_allowed", `${method} is not allowed here, only ${allow}.`, { headers: { allow } });
  };
}

function formOf(path: string, maxParamLength: number): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/g, `[^/]{1,${maxParamLength}}`)}$`);
}
