import type { lookup as systemLookup } from "node:dns";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { createPoster } from "../src/webhooks/requests/post.ts";
import { isPublicAddress, problemOfUrl } from "../src/webhooks/requests/targets.ts";
import { hooksOf, receiver } from "./support/hooks.ts";

describe("addresses of receivers", async () => {
  const { server, tenant } = await world();
  const hooks = hooksOf(server, tenant);

  it.each([
    "http://127.0.0.1:9/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://localhost:9/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://0.0.0.0/",
    "http://no-such-host.invalid/",
  ])("in private ranges, or nowhere, are refused: %s", async (url) => {
    const refused = await hooks.call("POST", "", { config: { url }, events: ["account_store_add"] });
    expect(refused.status).toBe(400);
    expect(refused.body.error.errors[0].path).toBe("/body/config/url");
  });

  it("are public ones only", () => {
    for (const address of ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
      expect(isPublicAddress(address)).toBe(true);
    for (const address of [
      "192.168.0.1",
      "172.16.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "64:ff9b::a00:1",
      "2002:a00:1::",
      "::",
      "nothing",
    ])
      expect(isPublicAddress(address)).toBe(false);
  });

  it("are checked by the address that a connection is made to: a name that means another one by then is refused", async () => {
    const shop = await receiver();
    const { port } = new URL(shop.url);
    // Public when the subscription is made, private when something is sent: DNS rebinding.
    const answers = ["93.184.215.14", "127.0.0.1"];
    const asked: string[] = [];
    const lookup = ((host: string, _options: object, answer: (error: null, found: object[]) => void) => {
      asked.push(host);
      answer(null, [{ address: answers[asked.length - 1] ?? "127.0.0.1", family: 4 }]);
    }) as unknown as typeof systemLookup;
    const rules = { allowPrivate: false, isOwn: () => false, lookup };
    const url = `http://rebind.example:${port}/`;
    expect(await problemOfUrl(url, rules)).toBeUndefined();
    const poster = createPoster(rules);
    const post = { url: new URL(url), headers: {}, body: "{}", anyCertificate: false };
    await expect(poster.post(post)).rejects.toThrow(/not a public address/);
    expect(asked).toEqual(["rebind.example", "rebind.example"]);
    expect(await problemOfUrl(url, rules)).toBe("is not a public address");
    await expect(poster.post({ ...post, url: new URL(shop.url) })).rejects.toThrow(/not a public address/);
    await poster.close();
    expect(shop.received).toEqual([]);
    const open = createPoster({ ...rules, allowPrivate: true });
    expect((await open.post(post)).status).toBe(200);
    await open.close();
  });

  it("that hang are given up after their time, and long answers are cut", async () => {
    const shop = await receiver();
    const poster = createPoster({ allowPrivate: true, isOwn: () => false }, 300);
    const post = { url: new URL(shop.url), headers: {}, body: "{}", anyCertificate: false };
    shop.behave("hang");
    await expect(poster.post(post)).rejects.toThrow();
    shop.behave({ status: 200, body: "x".repeat(1_000_000) });
    expect((await poster.post(post)).body).toHaveLength(8_192);
    await poster.close();
  });

  it("of this server are refused, wherever it allows private ones", async () => {
    const url = `${server.url}/v1/accounts/${tenant.aid}/hooks/subscriptions`;
    const refused = await hooks.call("POST", "", { config: { url }, events: ["account_store_add"] });
    expect(refused.body.error.errors[0].message).toBe("is an address of this server");
  });
});
