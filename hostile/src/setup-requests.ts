import type { Stage } from "./stage.ts";

/** Sends a request. Resolves with the answer's JSON; rejects for every answer but a success. */
export type Post = (path: string, body?: unknown, method?: string) => Promise<any>;

/** Makes a function that sends requests to the server's own address, to set up the accounts of a run. */
export function poster({ ownUrl: url }: Stage, token: string): Post {
  return async (path, body, method = "POST") => {
    const raw = body instanceof Uint8Array;
    const type = raw ? "application/octet-stream" : "application/json";
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { body: raw ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the world could not be made: ${method} ${path} ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}
