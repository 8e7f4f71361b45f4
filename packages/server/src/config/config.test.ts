import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StartupError } from "../platform/startup-error.ts";
import { readConfig } from "./config.ts";
import { describeSettings } from "./describe.ts";
import { secretSettings, settings } from "./settings.ts";

describe("configuration", () => {
  it("needs nothing: defaults listen on loopback, at ports that may be stepped around", () => {
    expect(readConfig({ PATH: "/bin" })).toMatchObject({
      http: { host: "127.0.0.1", port: { number: 8080, configured: false } },
      mqtt: { port: { number: 1883, configured: false }, outsideUrl: undefined },
      dataDir: "data",
      databaseUrl: undefined,
      tokenLifetimeSeconds: 14_400,
    });
  });

  it("takes what is set, and an empty setting as unset", () => {
    const config = readConfig({
      TILLKEEPER_HTTP_PORT: "9000",
      TILLKEEPER_MQTT_PORT: " ",
      DATABASE_URL: "postgres://u:p@db/x",
      TILLKEEPER_SANDBOX_ACCOUNT_ID: "T10000001",
      TILLKEEPER_SANDBOX_CLIENT_ID: "ci@example.com",
      TILLKEEPER_SANDBOX_CLIENT_SECRET: "0123456789abcdef",
      TILLKEEPER_PUBLIC_URL: "https://till.example.com/",
    });
    expect(config.http.port).toEqual({ number: 9000, configured: true });
    expect(config.mqtt.port.configured).toBe(false);
    expect(config.sandboxAccountId).toBe("T10000001");
    expect(config.sandboxClient).toEqual({ id: "ci@example.com", secret: "0123456789abcdef" });
    expect(config.publicUrl).toBe("https://till.example.com");
  });

  it("reads each secret from a file, too: every setting that may hold a password, and no other", () => {
    const folder = mkdtempSync(join(tmpdir(), "secrets-"));
    const file = join(folder, "secret");
    const examples: Record<string, string> = {
      DATABASE_URL: "postgres://u:p@db/x",
      MQTT_URL: "mqtt://u:p@broker",
      TILLKEEPER_BROKER_SECRET: "s".repeat(32),
      TILLKEEPER_SANDBOX_CLIENT_SECRET: "s".repeat(16),
      TILLKEEPER_BOOTSTRAP_TOKEN: "t".repeat(32),
      TILLKEEPER_SMTP_URL: "smtp://u:p@mail.example",
      TILLKEEPER_OIDC_CLIENT_SECRET: "s",
    };
    expect(secretSettings.toSorted()).toEqual(Object.keys(examples).toSorted());
    const beside = { TILLKEEPER_SANDBOX_CLIENT_ID: "ci", TILLKEEPER_MAIL_FROM: "post@kiosk.example" };
    const needs: Record<string, Record<string, string>> = {
      TILLKEEPER_SANDBOX_CLIENT_SECRET: { TILLKEEPER_SANDBOX_CLIENT_ID: beside.TILLKEEPER_SANDBOX_CLIENT_ID },
      TILLKEEPER_OIDC_CLIENT_SECRET: {
        TILLKEEPER_OIDC_ISSUER: "https://login.example",
        TILLKEEPER_OIDC_CLIENT_ID: "till",
      },
      TILLKEEPER_SMTP_URL: { TILLKEEPER_MAIL_FROM: beside.TILLKEEPER_MAIL_FROM },
      TILLKEEPER_BROKER_SECRET: {
        MQTT_URL: "mqtt://broker",
        TILLKEEPER_BROKER_ACCESS: "http",
        TILLKEEPER_PUBLIC_URL: "https://till.example",
      },
    };
    for (const [name, value] of Object.entries(examples)) {
      writeFileSync(file, `${value}\n`);
      const { databaseUrlFile: _file, ...read } = readConfig({ ...needs[name], [`${name}_FILE`]: file });
      const { databaseUrlFile: _none, ...given } = readConfig({ ...needs[name], [name]: value });
      expect(read).toEqual(given);
      expect(() => readConfig({ ...needs[name], [name]: value, [`${name}_FILE`]: file })).toThrow(
        `${name}_FILE: is set beside ${name}`,
      );
      expect(() => readConfig({ ...needs[name], [`${name}_FILE`]: `${file}-of-none` })).toThrow("(ENOENT)");
    }
    rmSync(folder, { recursive: true });
  });

  it("reads where traces are sent, and of how many requests", () => {
    expect(readConfig({}).traces).toBeUndefined();
    const url = "http://127.0.0.1:4318";
    expect(readConfig({ TILLKEEPER_OTLP_URL: `${url}/` }).traces).toEqual({ url, every: 1 });
    expect(readConfig({ TILLKEEPER_OTLP_URL: url, TILLKEEPER_TRACE_EVERY: "50" }).traces).toEqual({ url, every: 50 });
    expect(() => readConfig({ TILLKEEPER_OTLP_URL: "127.0.0.1:4318" })).toThrow("TILLKEEPER_OTLP_URL");
  });

  it("keeps files in the data folder, in a folder that servers share, or in a bucket", () => {
    expect(readConfig({})).toMatchObject({ files: { kind: "folder", path: undefined }, logDays: 90 });
    expect(readConfig({ TILLKEEPER_FILES: "folder" }).files).toEqual({ kind: "folder", path: undefined });
    expect(readConfig({ TILLKEEPER_FILES: "/srv/till" }).files).toEqual({ kind: "folder", path: "/srv/till" });
    const nowhere = { endpoint: undefined, region: undefined };
    const bucket = { kind: "s3", bucket: "my.files", ...nowhere };
    expect(readConfig({ TILLKEEPER_FILES: "s3://my.files" }).files).toEqual({ ...bucket, prefix: "" });
    expect(readConfig({ TILLKEEPER_FILES: "s3://my.files/" }).files).toEqual({ ...bucket, prefix: "" });
    const own = {
      TILLKEEPER_FILES: "s3://my.files/a/b/",
      TILLKEEPER_S3_ENDPOINT: "http://127.0.0.1:9000",
      TILLKEEPER_S3_REGION: "eu-north-1",
    };
    const region = { endpoint: "http://127.0.0.1:9000", region: "eu-north-1" };
    expect(readConfig(own).files).toEqual({ ...bucket, prefix: "a/b/", ...region });
    for (const wrong of [
      { TILLKEEPER_FILES: "files" },
      { TILLKEEPER_FILES: "s3://" },
      { TILLKEEPER_FILES: "s3://UPPER/x" },
      { TILLKEEPER_S3_ENDPOINT: "http://127.0.0.1:9000" },
      { TILLKEEPER_S3_REGION: "eu-north-1" },
      { TILLKEEPER_FILES: "s3://ok-bucket", TILLKEEPER_S3_ENDPOINT: "127.0.0.1" },
      { TILLKEEPER_LOG_DAYS: "0" },
      { TILLKEEPER_LOG_DAYS: "1.5" },
    ]) {
      const [name = ""] = Object.keys(wrong).toReversed();
      expect(() => readConfig(wrong), JSON.stringify(wrong)).toThrow(name);
    }
  });

  it("asks the public register about nothing, unless told otherwise", () => {
    expect(readConfig({}).organizations).toEqual({ registerUrl: undefined, checkDestinations: false });
    const set = { TILLKEEPER_BRREG_URL: "http://127.0.0.1:9/api/", TILLKEEPER_CHECK_ORGANIZATIONS: "true" };
    expect(readConfig(set).organizations).toEqual({ registerUrl: "http://127.0.0.1:9/api", checkDestinations: true });
  });

  // RFC 6454 section 6.2: an origin as browsers send it has no path, and no letter in upper case.
  it("takes origins of pages as browsers send them, all, or none", () => {
    const read = (text: string) => readConfig({ TILLKEEPER_CORS_ORIGINS: text }).corsOrigins;
    expect([read(""), read("*"), read("none")]).toEqual([undefined, "*", []]);
    expect(read("https://pos.example, http://localhost:5173")).toEqual([
      "https://pos.example",
      "http://localhost:5173",
    ]);
    const wrong = [
      "pos.example",
      "https://pos.example/",
      "https://POS.example",
      "https://pos.example:443",
      "null",
      "*,*",
    ];
    for (const text of wrong) expect(() => read(text), text).toThrow(`TILLKEEPER_CORS_ORIGINS: must be origins`);
  });

  it("lists all faults together, each naming its setting, and repeats no secret", () => {
    const broken = {
      TILLKEEPER_HTTP_PORT: "http",
      TILLKEEPER_MQTT_PORT: "70000",
      TILLKEEPER_HTTP_PROT: "1",
      DATABASE_URL: "mysql://user:hunter2@x/y",
      MQTT_URL: "nonsense",
      TILLKEEPER_SANDBOX_ACCOUNT_ID: "P12345678",
      TILLKEEPER_SANDBOX_CLIENT_SECRET: "short",
      TILLKEEPER_TOKEN_SECONDS: "soon",
      TILLKEEPER_LOG_LEVEL: "loud",
      TILLKEEPER_AUDIENCE_HOSTS: "https://x",
      TILLKEEPER_BRREG_URL: "data.brreg.no",
      TILLKEEPER_CHECK_ORGANIZATIONS: "yes",
    };
    let message = "";
    try {
      readConfig(broken);
    } catch (error) {
      expect(error).toBeInstanceOf(StartupError);
      message = (error as Error).message;
    }
    for (const name of [...Object.keys(broken), "TILLKEEPER_SANDBOX_CLIENT_ID"]) expect(message).toContain(`${name}:`);
    expect(message).not.toContain("hunter2");
    expect(message).not.toContain("short");
  });

  it("takes no sandbox client that is called like the server, a device or a terminal", () => {
    for (const id of ["system", "device", "T12345678-T0001"]) {
      const named = { TILLKEEPER_SANDBOX_CLIENT_ID: id, TILLKEEPER_SANDBOX_CLIENT_SECRET: "0123456789abcdef" };
      expect(() => readConfig(named), id).toThrow("TILLKEEPER_SANDBOX_CLIENT_ID: ");
    }
  });

  it("describes every setting, with its default", () => {
    const words = describeSettings();
    expect(words.map(([name]) => name)).toEqual(Object.keys(settings));
    for (const [, text] of words) expect(text.length).toBeGreaterThan(15);
    const of = new Map(words);
    expect(of.get("TILLKEEPER_LOG_DAYS")).toBe("How many days logs of terminals are kept. Default: 90.");
    expect(of.get("MQTT_URL")).toContain("see brokers (docs/brokers.md).");
    expect(of.get("TILLKEEPER_WINDOWS")).toContain("Default: end_of_day=180,");
  });

  it("takes windows by operation, and refuses what is none", () => {
    const windows = { TILLKEEPER_WINDOWS: "open_menu=20, end_of_day = 240" };
    expect(readConfig(windows).windows).toEqual({ open_menu: 20, end_of_day: 240 });
    expect(readConfig({}).windows).toEqual({});
    for (const wrong of ["dance=20", "open_menu=1", "open_menu=20s", "open_menu", ","]) {
      expect(() => readConfig({ TILLKEEPER_WINDOWS: wrong }), wrong).toThrow("  TILLKEEPER_WINDOWS: must be like ");
    }
  });
});

describe("variables that are no settings", () => {
  it("are ignored where Kubernetes puts them there, for Services called like us", () => {
    const injected = {
      TILLKEEPER_PORT: "tcp://10.0.0.1:8080",
      TILLKEEPER_SERVICE_HOST: "10.0.0.1",
      TILLKEEPER_SERVICE_PORT: "8080",
      TILLKEEPER_SERVICE_PORT_HTTP: "8080",
      TILLKEEPER_PORT_8080_TCP: "tcp://10.0.0.1:8080",
      TILLKEEPER_PORT_8080_TCP_PROTO: "tcp",
      TILLKEEPER_PORT_8080_TCP_PORT: "8080",
      TILLKEEPER_PORT_8080_TCP_ADDR: "10.0.0.1",
      TILLKEEPER_PORT_53_UDP: "udp://10.0.0.1:53",
      // Variables of Services named tillkeeper-mqtt and tillkeeper-http; two of them have names of settings.
      TILLKEEPER_MQTT_PORT: "tcp://10.0.0.2:1883",
      TILLKEEPER_MQTT_SERVICE_HOST: "10.0.0.2",
      TILLKEEPER_MQTT_PORT_1883_TCP_ADDR: "10.0.0.2",
      TILLKEEPER_HTTP_PORT: "tcp://[fd00::3]:80",
    };
    expect(readConfig(injected)).toEqual(readConfig({}));
  });

  it("are refused where a setting was mistyped, which is named", () => {
    const slips = {
      TILLKEEPER_HTTP_PROT: "TILLKEEPER_HTTP_PORT",
      TILLKEEPER_LOG_LEVLE: "TILLKEEPER_LOG_LEVEL",
      TILLKEEPER_LOG_DAY: "TILLKEEPER_LOG_DAYS",
      TILLKEEPER_DATADIR: "TILLKEEPER_DATA_DIR",
      TILLKEEPER_ACOUNT: "TILLKEEPER_ACCOUNT",
    };
    for (const [name, meant] of Object.entries(slips)) {
      expect(() => readConfig({ [name]: "1" })).toThrow(`  ${name}: is not a setting; did you mean ${meant}?`);
    }
  });

  it("are handed on to be warned of where nobody knows what they are", () => {
    const env = { TILLKEEPER_PORT: "8080", TILLKEEPER_TEAM: "blue", TILLKEEPER_URL: "http://x", OTHER: "1" };
    expect(readConfig(env).unknownSettings).toEqual(["TILLKEEPER_PORT", "TILLKEEPER_TEAM"]);
  });
});

it("adds hosts of audiences to the documented ones, and keeps names beyond ASCII as addresses show them", () => {
  const documented = ["api.dintero.com", "checkout.dintero.com", "test.dintero.com"];
  const hostsOf = (given?: string) => readConfig({ TILLKEEPER_AUDIENCE_HOSTS: given }).audienceHosts;
  expect(hostsOf()).toEqual(documented);
  expect(hostsOf("tillkeeper:8080, Pay.Example, blåbær.example, [::1]:8080")).toEqual([
    ...documented,
    "tillkeeper:8080",
    "pay.example",
    "xn--blbr-roah.example",
    "[::1]:8080",
  ]);
  for (const wrong of ["https://pay.example", "pay.example/v1", "user@pay.example", "a b"])
    expect(() => hostsOf(wrong), wrong).toThrow("TILLKEEPER_AUDIENCE_HOSTS: must be host names");
});

describe("mail", () => {
  const from = { TILLKEEPER_MAIL_FROM: "Kiosken på hjørnet <post@kjøttbørsen.no>" };
  const read = (url: string) => readConfig({ ...from, TILLKEEPER_SMTP_URL: url }).mail;

  it("goes by the named server, from the named sender", () => {
    expect(readConfig({}).mail).toBeUndefined();
    expect(read("smtp://mail.example")).toMatchObject({
      server: { host: "mail.example", port: 587, tls: false },
      from: { name: "Kiosken på hjørnet", address: expect.stringMatching(/^post@xn--/) },
    });
    expect(read("smtps://till:p%40ss%2Fword@[::1]")?.server).toEqual({
      host: "::1",
      port: 465,
      tls: true,
      login: { user: "till", password: "p@ss/word" },
    });
    expect(read("smtp://mail.example:2525/")?.server.port).toBe(2525);
    const plain = { TILLKEEPER_SMTP_URL: "smtp://mail.example", TILLKEEPER_MAIL_FROM: "post@kiosk.example" };
    expect(readConfig(plain).mail?.from).toEqual({ name: "", address: "post@kiosk.example" });
  });

  it("is refused where a setting is wrong or missing, without the password", () => {
    const wrong = [
      "mail.example",
      "http://mail.example",
      "smtp://",
      "smtp://u:secret@mail.example/x?y=1",
      "smtp://u@m.example",
    ];
    for (const url of [...wrong, "smtp://:secret@mail.example", "smtp://%ff:secret@mail.example"]) {
      expect(() => read(url), url).toThrow("TILLKEEPER_SMTP_URL: must be like smtp://");
      expect(() => read(url), url).not.toThrow("secret");
    }
    expect(() => readConfig({ TILLKEEPER_SMTP_URL: "smtp://m.example" })).toThrow("TILLKEEPER_MAIL_FROM: is needed");
    expect(() => readConfig(from)).toThrow("TILLKEEPER_MAIL_FROM: is for mail: TILLKEEPER_SMTP_URL is needed");
    expect(() => readConfig({ TILLKEEPER_SMTP_CA_FILE: "ca.pem" })).toThrow("TILLKEEPER_SMTP_CA_FILE: is for mail");
    for (const sender of [
      "Kiosk",
      "Kiosk <post>",
      "a@b.example\r\nBcc: c@d.example",
      "A\nB <a@b.example>",
      "<a@b.example> x",
    ]) {
      const given = { TILLKEEPER_SMTP_URL: "smtp://m.example", TILLKEEPER_MAIL_FROM: sender };
      expect(() => readConfig(given), sender).toThrow("TILLKEEPER_MAIL_FROM: must be an address");
    }
  });
});
