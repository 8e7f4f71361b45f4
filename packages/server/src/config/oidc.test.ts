import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const whole = {
  TILLKEEPER_OIDC_ISSUER: "https://login.example:8443/realms/kiosk",
  TILLKEEPER_OIDC_CLIENT_ID: "till",
  TILLKEEPER_OIDC_CLIENT_SECRET: "secret",
};

describe("settings of the provider at which people sign in", () => {
  it("are none by default, and named by the provider's host", () => {
    expect(readConfig({}).oidc).toBeUndefined();
    expect(readConfig(whole).oidc).toEqual({
      issuer: "https://login.example:8443/realms/kiosk",
      clientId: "till",
      clientSecret: "secret",
      name: "login.example:8443",
    });
    expect(readConfig({ ...whole, TILLKEEPER_OIDC_NAME: "Kiosk AS" }).oidc?.name).toBe("Kiosk AS");
  });

  it.each([
    [{ TILLKEEPER_OIDC_CLIENT_ID: "" }, "TILLKEEPER_OIDC_CLIENT_ID: is needed"],
    [{ TILLKEEPER_OIDC_CLIENT_SECRET: "" }, "TILLKEEPER_OIDC_CLIENT_SECRET: is needed"],
    [{ TILLKEEPER_OIDC_ISSUER: "" }, "TILLKEEPER_OIDC_CLIENT_ID: is for a provider"],
    [{ TILLKEEPER_OIDC_ISSUER: "", TILLKEEPER_OIDC_NAME: "Kiosk" }, "TILLKEEPER_OIDC_NAME: is for a provider"],
    [{ TILLKEEPER_OIDC_ISSUER: "login.example" }, "TILLKEEPER_OIDC_ISSUER: must be an address"],
    [{ TILLKEEPER_OIDC_ISSUER: "http://login.example" }, "TILLKEEPER_OIDC_ISSUER: must begin with https://"],
  ])("are refused: %o", (change, told) => {
    expect(() => readConfig({ ...whole, ...change })).toThrow(told);
  });

  it.each(["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])(
    "may be plain on this machine: %s",
    (issuer) => {
      expect(readConfig({ ...whole, TILLKEEPER_OIDC_ISSUER: issuer }).oidc?.issuer).toBe(issuer);
    },
  );
});
