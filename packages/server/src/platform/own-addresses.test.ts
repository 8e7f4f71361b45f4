import { describe, expect, it } from "vitest";
import { ownAddresses } from "./own-addresses.ts";

describe("the addresses that a device may know a server by", () => {
  const settings = { http: { host: "127.0.0.1" }, publicUrl: undefined, audienceHosts: [] };
  const listening = (more: Partial<Parameters<typeof ownAddresses>[0]> = {}) => {
    const addresses = ownAddresses({ ...settings, ...more });
    addresses.listening(8080);
    return addresses.isOwn;
  };

  it("are where it listens, by every name of loopback", () => {
    const isOwn = listening();
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) expect(isOwn(`http://${name}:8080`), name).toBe(true);
    for (const other of ["https://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1", "http://10.0.0.1:8080"])
      expect(isOwn(other), other).toBe(false);
  });

  it("are the configured one, with its own scheme and port alone, and further hosts", () => {
    const isOwn = listening({
      publicUrl: "https://Till.example:443",
      furtherHosts: ["old.example", "old.example:8443", "old.example:99999"],
    });
    expect(isOwn("https://till.example")).toBe(true);
    for (const known of ["https://old.example", "https://old.example:8443", "http://old.example"])
      expect(isOwn(known), known).toBe(true);
    for (const other of ["http://till.example", "https://till.example:8443", "https://api.dintero.com", "null"])
      expect(isOwn(other), other).toBe(false);
  });

  it("are the one that the connection came to, where the server listens on all of them", () => {
    const isOwn = listening({ http: { host: "0.0.0.0" } });
    const reached = { localAddress: "::ffff:192.168.1.5", localPort: 8080 };
    expect(isOwn("http://192.168.1.5:8080", reached)).toBe(true);
    expect(isOwn("http://[2001:db8::5]:8080", { localAddress: "2001:db8::5", localPort: 8080 })).toBe(true);
    expect(isOwn("http://192.168.1.6:8080", reached)).toBe(false);
    expect(isOwn("https://192.168.1.5:8080", reached)).toBe(false);
    expect(isOwn("http://192.168.1.5:8080")).toBe(false);
    expect(isOwn("null", { localAddress: "fe80::1%eth0", localPort: 8080 })).toBe(false);
  });
});
