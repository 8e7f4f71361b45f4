import { describe, expect, it } from "vitest";
import { mailAddressFault, mailKey, sendable } from "./mail-address.ts";

describe("addresses of mail", () => {
  it("are those that mail servers take, with domains in any letters", () => {
    const good = [
      "a@b.example",
      "first.last+till@sub.b.example",
      "x_y@xn--kjttbrsen-5cbf.example",
      "o'neill@kjøttbørsen.no",
    ];
    for (const address of good) expect(mailAddressFault(address), address).toBeUndefined();
    expect(sendable("Post@Bücher.EXAMPLE")).toBe("Post@xn--bcher-kva.example");
    expect(mailKey("Post@Bücher.EXAMPLE")).toBe("post@xn--bcher-kva.example");
    expect(sendable("a@faß.de")).toMatch(/^a@[a-z\d.-]+$/);
  });

  it("hold nothing that ends a line, names a second address or a route", () => {
    const bad = [
      "",
      "@b.example",
      "a@",
      "a@b",
      "a.@b.example",
      ".a@b.example",
      "a..b@c.example",
      "a@-b.example",
      "a@b-.example",
      "a@b..example",
      "a@b.example.",
      "a@b.example ",
      " a@b.example",
      "a@b.example\n",
      "a@b.exa\u0000mple",
      "a@b.example\u00ad",
      "a@b.example:25",
      "a@b.example/x",
      "a@b.example,c@d.example",
      "a,c@b.example",
      "a@c@b.example",
      "@c:a@b.example",
      "a%c@b .example",
      "<a@b.example>",
      "a(x)@b.example",
      "a@1.2.3.4",
      "a@[::1]",
      `${"a".repeat(65)}@b.example`,
      `a@${"b".repeat(64)}.example`,
      `a@${"b.".repeat(140)}example`,
    ];
    for (const address of bad) expect(mailAddressFault(address), JSON.stringify(address)).toMatch(/^must /);
  });
});
