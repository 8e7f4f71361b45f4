import type { world } from "@tillkeeper/stage/world";
import { Secret, TOTP } from "otpauth";
import { expect } from "vitest";

type World = Pick<Awaited<ReturnType<typeof world>>, "server" | "tenant">;
type Tenant = World["tenant"];

export const password = "five small blue boats";

/** The code that an authenticator with a secret shows, some time steps from now. */
export function codeOf(secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
}

/** What people do with a browser on the pages of a server, and what an admin does for them with a token. */
export function peopleOf({ server, tenant }: World) {
  let made = 0;
  const own = () => ({ "sec-fetch-site": "same-origin", origin: new URL(server.url).origin });
  const asAdmin = (method: string, path: string, body?: unknown, at: Tenant = tenant) =>
    server.call(method, `/v1/accounts/${at.aid}${path}`, { token: at.token, body });
  const withCookie = (method: string, path: string, cookie: string, body?: unknown) =>
    server.call(method, path, { body, headers: { ...own(), cookie } });
  const cookieOf = ({ headers }: { headers: Headers }) => headers.get("set-cookie")?.split(";")[0] ?? "";
  const signIn = (email: string, further: object = {}) =>
    server.call("POST", "/v1/auth/sign-in", { headers: own(), body: { email, password, ...further } });
  const redeem = (link: string, body: object = {}) =>
    server.call("POST", "/v1/auth/links", { headers: own(), body: { token: link.split("#")[1], ...body } });
  const linkFor = async (id: string, purpose = "invitation", at: Tenant = tenant) =>
    (await asAdmin("POST", `/users/${id}/links`, { purpose }, at)).body.link as string;
  const actions = async (id: string, at: Tenant = tenant): Promise<string[]> => {
    const { body } = await asAdmin("GET", `/audit?subject_type=user&subject_id=${id}`, undefined, at);
    return body.entries.map(({ action }: { action: string }) => action);
  };

  /** A user who has not accepted yet. */
  async function invite(role = "admin", at: Tenant = tenant, email?: string) {
    made += 1;
    const user = { email: email ?? `kari.${made}@kiosk.example`, name: `Kari ${made}`, role };
    const { status, body } = await asAdmin("POST", "/users", user, at);
    expect(status).toBe(201);
    return { id: body.id as string, email: user.email };
  }
  /** A user with a password, who is signed in. */
  async function person(role = "admin", at: Tenant = tenant) {
    const user = await invite(role, at);
    const reply = await redeem(await linkFor(user.id, "invitation", at), { password });
    expect(reply.status).toBe(204);
    return { ...user, cookie: cookieOf(reply) };
  }
  return { own, asAdmin, withCookie, cookieOf, signIn, redeem, linkFor, actions, invite, person };
}
