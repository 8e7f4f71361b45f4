import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { ApiError, nothingHere } from "../errors.ts";
import type { Route } from "./route.ts";

/** What the server has at a path. */
export interface Address {
  /** Methods that are answered, HEAD and OPTIONS among them. */
  allow: readonly string[];
  /** The endpoints there; none for a page. */
  endpoints: readonly Endpoint[];
}

/** The paths of the server, as its router knows them. */
export class Addresses {
  readonly #rows: readonly (Address & { parts: readonly string[] })[];
  readonly #maxParamLength: number;

  /** Routes with a guard stay hidden. */
  constructor(routes: readonly Route[], pages: readonly string[], maxParamLength: number) {
    this.#maxParamLength = maxParamLength;
    const endpoints = Map.groupBy(
      routes.filter(({ guard }) => !guard).map(({ endpoint }) => endpoint),
      ({ path }) => path,
    );
    this.#rows = [
      ...pages.map((path) => ({ parts: path.split("/"), allow: ["GET", "HEAD", "OPTIONS"], endpoints: [] })),
      ...[...endpoints].map(([path, there]) => ({
        parts: path.split("/"),
        allow: [...there.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"],
        endpoints: there,
      })),
    ];
  }

  /** The endpoints at a path; undefined where there are none. */
  find(path: string): Address | undefined {
    const parts = path.split("/");
    const fitting = this.#rows.filter((row) => fits(row.parts, parts, this.#maxParamLength));
    if (fitting.length === 0) return undefined;
    return {
      allow: [...new Set(fitting.flatMap(({ allow }) => allow))],
      endpoints: fitting.flatMap(({ endpoints }) => endpoints),
    };
  }

  /**
   * The error for a request that no route matches. That is 404, with the right address where a slash too many or a
   * missing `/v1` is all that is wrong; or 405 with `Allow` when the path exists with other methods (RFC 9110 section
   * 15.5.6).
   */
  refusal(method: string, path: string): ApiError {
    const allow = this.find(path)?.allow.join(", ");
    if (allow !== undefined) {
      const text = `${method} is not allowed here, only ${allow}.`;
      return new ApiError("method_not_allowed", text, { headers: { allow } });
    }
    const meant = this.#meant(path);
    return meant === undefined
      ? nothingHere()
      : new ApiError("not_found", `There is nothing at this address; did you mean ${meant}?`);
  }

  /** The address that a slip probably meant. */
  #meant(path: string): string | undefined {
    const parts = path.split("/").filter((part) => part !== "");
    const candidates = [parts, ["v1", ...parts], parts.slice(Math.max(0, parts.lastIndexOf("v1")))];
    return candidates
      .map((candidate) => `/${candidate.join("/")}`)
      .find((candidate) => candidate !== path && this.find(candidate) !== undefined);
  }
}

function fits(path: readonly string[], parts: readonly string[], maxParamLength: number): boolean {
  if (path.length !== parts.length) return false;
  return path.every((name, index) => {
    const part = parts[index] as string;
    return name.startsWith(":") ? part !== "" && part.length <= maxParamLength : part === name;
  });
}
