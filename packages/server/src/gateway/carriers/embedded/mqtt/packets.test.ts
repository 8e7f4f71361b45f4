import fc from "fast-check";
import { generate, type Packet, parser } from "mqtt-packet";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Frame, Frames, ProtocolError } from "./frames.ts";
import { decode, type Incoming } from "./incoming.ts";
import { connack, pingresp, puback, publish, suback, unsuback } from "./outgoing.ts";

/** Text that MQTT allows. */
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((value) => !value.includes("\0"));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const packetId = fc.integer({ min: 1, max: 65_535 });
/** Also around the lengths where a length takes one byte more. */
const payload = fc.oneof(
  bytes(300),
  fc.integer({ min: 16_000, max: 17_000 }).map((size) => Buffer.alloc(size, "x")),
);

/** What a client says, written by another's encoder, and what we are to make of it. */
const said: fc.Arbitrary<[Packet, Incoming]> = fc.oneof(
  fc
    .record({
      clientId: text,
      keepalive: fc.nat(65_535),
      will: fc.option(fc.record({ topic: text, payload: bytes(50), qos: fc.constantFrom(0 as const, 1, 2) })),
      username: text,
      password: fc.option(bytes(80)),
    })
    .map(({ clientId, keepalive, will, username, password }): [Packet, Incoming] => [
      {
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId,
        keepalive,
        username,
        ...(will && { will: { ...will, retain: false } }),
        ...(password && { password }),
      },
      {
        kind: "connect",
        level: 4,
        clientId,
        keepaliveSeconds: keepalive,
        username,
        will: will ?? undefined,
        password: password ?? undefined,
      },
    ]),
  fc
    .record({ topic: text, payload, qos: fc.constantFrom(0 as const, 1, 2), id: packetId, dup: fc.boolean() })
    .map(({ topic, payload: what, qos, id, dup }): [Packet, Incoming] => [
      { cmd: "publish", topic, payload: what, qos, dup: dup && qos > 0, retain: dup, messageId: id },
      { kind: "publish", topic, payload: what, qos, id: qos > 0 ? id : 0 },
    ]),
  fc
    .tuple(packetId, fc.array(fc.record({ topic: text, qos: fc.constantFrom(0 as const, 1, 2) }), { minLength: 1 }))
    .map(([messageId, subscriptions]): [Packet, Incoming] => [
      { cmd: "subscribe", messageId, subscriptions },
      { kind: "subscribe", id: messageId, wishes: subscriptions.map(({ topic, qos }) => ({ filter: topic, qos })) },
    ]),
  fc.tuple(packetId, fc.array(text, { minLength: 1 })).map(([messageId, filters]): [Packet, Incoming] => [
    { cmd: "unsubscribe", messageId, unsubscriptions: filters },
    { kind: "unsubscribe", id: messageId, filters },
  ]),
  packetId.map((messageId): [Packet, Incoming] => [
    { cmd: "puback", messageId },
    { kind: "puback", id: messageId },
  ]),
  fc.constant<[Packet, Incoming]>([{ cmd: "pingreq" }, { kind: "pingreq" }]),
  fc.constant<[Packet, Incoming]>([{ cmd: "disconnect" }, { kind: "disconnect" }]),
);

function readAll(chunks: Buffer[]): Incoming[] {
  const frames = new Frames();
  const read: Incoming[] = [];
  for (const chunk of chunks) {
    frames.push(chunk);
    for (let frame: Frame | undefined = frames.next(); frame; frame = frames.next()) read.push(decode(frame));
  }
  expect(frames.bytes).toBe(0);
  return read;
}

describe("packets that come in", () => {
  it("mean what another encoder put into them, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(said, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 900 })),
        (all, cuts) => {
          const stream = Buffer.concat(all.map(([packet]) => generate(packet)));
          const chunks: Buffer[] = [];
          for (let at = 0; at < stream.length; ) {
            const size = cuts.next().value;
            chunks.push(stream.subarray(at, at + size));
            at += size;
          }
          const expected = all.map(([, meant]) => meant);
          expect(readAll(chunks)).toEqual(expected);
        },
      ),
    );
  });

  it("come byte by byte as well, at the cost of their length, and no more than a dozen pieces are kept", () => {
    const packet = generate({
      cmd: "publish",
      topic: "a",
      qos: 1,
      dup: false,
      retain: false,
      messageId: 7,
      payload: Buffer.alloc(60_000, "x"),
    });
    const join = vi.spyOn(Buffer, "concat");
    onTestFinished(() => join.mockRestore());
    const read = readAll(Array.from(packet, (byte) => Buffer.from([byte])));
    expect(read).toMatchObject([{ kind: "publish", topic: "a", id: 7 }]);
    const copied = join.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
    // Joining what is there with each byte would copy 1.8 GB. Each byte is copied once for each time the length can be halved.
    expect(copied).toBeLessThan(17 * packet.length);
  });

  it("end with a protocol error when they are anything else, and with no other", () => {
    const broken = fc.oneof(
      bytes(80),
      // A packet with some of its bytes changed gets further than noise.
      fc
        .tuple(said, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 }))
        .map(([[packet], changes]) => {
          const whole = Buffer.from(generate(packet));
          for (const [at, byte] of changes) if (at < whole.length) whole[at] = byte;
          return whole;
        }),
    );
    fc.assert(
      fc.property(broken, (stream) => {
        const frames = new Frames();
        frames.push(stream);
        try {
          for (let frame = frames.next(); frame; frame = frames.next()) decode(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const text4 = [0, 4, 0x4d, 0x51, 0x54, 0x54];
  it.each<[string, number[]]>([
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a packet beyond the limit, before it is there", [0x30, 0x81, 0x80, 0x04]],
    ["a type that only servers send", [0x20, 2, 0, 0]],
    ["a type that does not exist", [0xf0, 0]],
    ["PUBREL, of a handshake that is never begun", [0x62, 2, 0, 1]],
    ["flags where there are none", [0xc1, 0]],
    ["SUBSCRIBE without its flags", [0x80, 6, 0, 1, 0, 1, 0x61, 0]],
    ["SUBSCRIBE without a filter", [0x82, 2, 0, 1]],
    ["SUBSCRIBE with an empty filter", [0x82, 5, 0, 1, 0, 0, 0]],
    ["UNSUBSCRIBE with an empty filter", [0xa2, 4, 0, 1, 0, 0]],
    ["SUBSCRIBE with QoS 3", [0x82, 6, 0, 1, 0, 1, 0x61, 3]],
    ["UNSUBSCRIBE without a filter", [0xa2, 2, 0, 1]],
    ["QoS 3", [0x36, 5, 0, 1, 0x61, 0, 1]],
    ["packet identifier 0", [0x32, 5, 0, 1, 0x61, 0, 0]],
    ["a text longer than its packet", [0x30, 3, 0, 9, 0x61]],
    ["a text with a NUL", [0x30, 4, 0, 2, 0x61, 0]],
    ["a text that is not UTF-8", [0x30, 4, 0, 2, 0xc3, 0x28]],
    ["half of a surrogate pair", [0x30, 5, 0, 3, 0xed, 0xa0, 0x80]],
    ["bytes behind the end", [0xc0, 1, 0]],
    ["another protocol", [0x10, 8, 0, 4, 0x48, 0x54, 0x54, 0x50, 4, 0]],
    ["CONNECT with the reserved flag", [0x10, 12, ...text4, 4, 0x03, 0, 0, 0, 0]],
    ["CONNECT with a will's QoS and no will", [0x10, 12, ...text4, 4, 0x0a, 0, 0, 0, 0]],
    ["CONNECT with a password and no user", [0x10, 14, ...text4, 4, 0x42, 0, 0, 0, 0, 0, 0]],
  ])("are refused: %s", (_what, stream) => {
    expect(() => readAll([Buffer.from(stream)])).toThrow(ProtocolError);
  });

  it("of another version are known as such, whatever follows there", () => {
    const five = generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: true,
      clientId: "x",
      keepalive: 0,
    });
    expect(readAll([five])).toMatchObject([{ kind: "connect", level: 0 }]);
    const old = generate({
      cmd: "connect",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      clean: true,
      clientId: "x",
      keepalive: 0,
    });
    expect(readAll([old])).toMatchObject([{ kind: "connect", level: 3, clientId: "x" }]);
  });
});

describe("packets that go out", () => {
  it("mean to another decoder what we put into them", () => {
    const read: Packet[] = [];
    const reading = parser({ protocolVersion: 4 });
    reading.on("packet", (packet) => read.push(packet));
    reading.on("error", (error) => expect.unreachable(error.message));
    fc.assert(
      fc.property(text, payload, fc.option(packetId, { nil: undefined }), (to, what, id) => {
        reading.parse(publish(to, what, id));
        expect(read.pop()).toMatchObject({ cmd: "publish", topic: to, payload: what, qos: id === undefined ? 0 : 1 });
        expect(read).toEqual([]);
      }),
    );
    const others = [
      connack(4),
      puback(513),
      suback(514, [0, 1, 0x80]),
      suback(7, Array(200).fill(1)),
      unsuback(515),
      pingresp,
    ];
    for (const packet of others) reading.parse(packet);
    expect(read).toMatchObject([
      { cmd: "connack", returnCode: 4, sessionPresent: false },
      { cmd: "puback", messageId: 513 },
      { cmd: "suback", messageId: 514, granted: [0, 1, 0x80] },
      { cmd: "suback", messageId: 7 },
      { cmd: "unsuback", messageId: 515 },
      { cmd: "pingresp" },
    ]);
  });
});
