import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silentLogger } from "../logger.ts";
import type { Connection, ConnectionSettings, OpenConnection } from "./connection.ts";
import { withFallback } from "./fallback-connection.ts";

/** A way to connect that does what the test says, and writes down what it was asked for. */
function played(name: string, journal: string[]) {
  let settings: ConnectionSettings | undefined;
  const write = (what: string) => void journal.push(`${name} ${what}`);
  const open: OpenConnection = (given): Connection => {
    settings = given;
    write(`opened at ${String(given.credential.url)}`);
    const over = (what: string) => {
      write(what);
      return Promise.resolve();
    };
    return {
      send: (channel) => over(`sends ${channel}`),
      proved: () => write("proved"),
      drop: () => write("drops"),
      use: ({ url, password }) => write(`uses ${String(password)} at ${String(url)}`),
      close: () => over("closed"),
      destroy: () => over("destroyed"),
    };
  };
  const events = () => (settings as ConnectionSettings).events;
  return { open, events };
}

const credential = { url: "mqtt://broker", address: "T1", password: "one" };
let journal: string[];
let clock: FakeClock;
let mqtt: ReturnType<typeof played>;
let https: ReturnType<typeof played>;
let connection: Connection;

beforeEach(() => {
  journal = [];
  clock = new FakeClock(0);
  mqtt = played("mqtt", journal);
  https = played("https", journal);
  connection = withFallback(mqtt.open, https.open, ({ password, ...others }) => ({
    ...others,
    password: `${String(password)} over HTTPS`,
    url: "https://server",
  }))({
    credential,
    clock,
    log: silentLogger,
    nextSession: () => "not asked",
    events: {
      up: (session) => void journal.push(`up ${session}`),
      down: () => void journal.push("down"),
      message: (channel) => void journal.push(`hears ${channel}`),
    },
  });
});

const welcomeTo = (hello_sent_at: string) =>
  Buffer.from(
    JSON.stringify({ protocol: 1, server_time: "2026-06-29T09:00:04.000Z", hello_sent_at, memory: { number: 0 } }),
  );

/** What was written since the last look. */
const since = () => journal.splice(0);

describe("MQTT with HTTPS behind it", () => {
  test("is MQTT alone where that gets through", async () => {
    expect(since()).toEqual(["mqtt opened at mqtt://broker"]);
    mqtt.events().up("s1");
    clock.advance(60_000);
    await connection.send("hello", {});
    expect(since()).toEqual(["up s1", "mqtt sends hello"]);
  });

  test("lets HTTPS stand in after a while, until MQTT is there", async () => {
    since();
    clock.advance(14_000);
    expect(since()).toEqual([]);
    clock.advance(2_000);
    expect(since()).toEqual(["https opened at https://server"]);
    https.events().up("s1");
    await connection.send("hello", {});
    https.events().message("welcome", new Uint8Array());
    expect(since()).toEqual(["up s1", "https sends hello", "hears welcome"]);
    mqtt.events().up("s2");
    await connection.send("hello", { sent_at: "2026-06-29T09:00:02.000Z" });
    expect(since()).toEqual(["down", "up s2", "mqtt sends hello"]);
    mqtt.events().message("welcome", welcomeTo("2026-06-29T09:00:02.000Z"));
    expect(since()).toEqual(["hears welcome", "https destroyed"]);
    https.events().down();
    expect(since()).toEqual([]);
  });

  test("keeps HTTPS until the server has answered over MQTT, and hears nothing twice meanwhile", async () => {
    clock.advance(16_000);
    https.events().up("s1");
    mqtt.events().up("s2");
    await connection.send("hello", { sent_at: "2026-06-29T09:00:02.000Z" });
    since();
    https.events().message("command", new Uint8Array());
    mqtt.events().message("command", new Uint8Array());
    // To a hello of before, over HTTPS: sent to wherever the terminal is by now.
    mqtt.events().message("welcome", welcomeTo("2026-06-29T09:00:01.000Z"));
    mqtt.events().message("welcome", new Uint8Array());
    expect(since()).toEqual(["hears command", "hears welcome", "hears welcome"]);
    // What is said goes one way alone.
    await connection.send("result", {});
    https.events().down();
    https.events().up("s3");
    expect(since()).toEqual(["mqtt sends result"]);
    mqtt.events().message("welcome", welcomeTo("2026-06-29T09:00:02.000Z"));
    expect(since()).toEqual(["hears welcome", "https destroyed"]);
  });

  test("goes back to HTTPS at once where MQTT is lost before the server has answered over it", async () => {
    clock.advance(16_000);
    https.events().up("s1");
    mqtt.events().up("s2");
    since();
    mqtt.events().down();
    await connection.send("hello", { sent_at: "2026-06-29T09:00:03.000Z" });
    https.events().message("welcome", welcomeTo("2026-06-29T09:00:03.000Z"));
    expect(since()).toEqual(["down", "up s1", "https sends hello", "hears welcome"]);
    clock.advance(60_000);
    expect(since()).toEqual([]);
  });

  test("does not go back to HTTPS where another device has taken the place over MQTT", () => {
    clock.advance(16_000);
    https.events().up("s1");
    mqtt.events().up("s2");
    since();
    mqtt.events().down("taken_over");
    expect(since()).toEqual(["down", "https destroyed"]);
    clock.advance(76_000);
    expect(since()).toEqual(["https opened at https://server"]);
  });

  test("stands in again when MQTT is lost for long, with the credential of that time", () => {
    mqtt.events().up("s1");
    connection.use({ ...credential, password: "two" });
    mqtt.events().down();
    since();
    clock.advance(16_000);
    expect(since()).toEqual(["https opened at https://server"]);
    connection.use({ ...credential, password: "three" });
    expect(since()).toEqual(["mqtt uses three at mqtt://broker", "https uses three over HTTPS at https://server"]);
  });

  test("does not stand in while MQTT leaves the place to another device, but does if nobody is there", () => {
    mqtt.events().up("s1");
    mqtt.events().down("taken_over");
    since();
    clock.advance(60_000);
    expect(since()).toEqual([]);
    clock.advance(16_000);
    expect(since()).toEqual(["https opened at https://server"]);
  });

  test("ends both, and opens nothing after that", async () => {
    clock.advance(16_000);
    since();
    await connection.close();
    expect(since().toSorted()).toEqual(["https closed", "mqtt closed"]);
    clock.advance(60_000);
    expect(since()).toEqual([]);
  });
});
