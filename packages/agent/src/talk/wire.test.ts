import { expect, test } from "vitest";
import { command } from "../../test/support/commands.ts";
import { readMessage } from "./wire.ts";

const now = Date.parse("2026-06-29T12:00:00.000Z");
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

test("reads what fits the contract, with fields of later versions", () => {
  const message = { ...command(now), priority: 3 };
  expect(readMessage("command", bytes(message))).toEqual({ channel: "command", message });
});

test.each([
  ["an operation", { operation: "print_poem" }],
  ["a parameter", { parameters: { copies: 2 } }],
  ["a way to wait", { when_busy: "postpone" }],
])("a command with %s this version does not know can still be refused", (_, change) => {
  expect(readMessage("command", bytes({ ...command(now), ...change })).channel).toBe("unsupported");
});

test.each(["open_menu", "print_poem"])(
  "a cancellation of %s can be heeded, with fields of later versions",
  (operation) => {
    const { parameters: _, sent_at: __, ...cancelled } = command(now);
    const message = { ...cancelled, operation, cancelled_by: "Kari" };
    expect(readMessage("cancel", bytes(message))).toEqual({ channel: "cancel", message });
  },
);

test.each([
  ["cancel", {}],
  ["cancel", { operation_id: command(now).operation_id }],
  ["receipt", { operation_id: 7 }],
] as const)("a %s with %j is malformed", (channel, message) => {
  expect(readMessage(channel, bytes(message)).channel).toBe("malformed");
});

test.each([
  ["no JSON", Buffer.from("hello")],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ["nothing", Buffer.alloc(0)],
  ["another type", bytes([])],
  ["null", bytes(null)],
  ["an id that is none", bytes({ ...command(now), operation_id: "7" })],
  ["a time that is none", bytes({ ...command(now), expires_at: "tomorrow" })],
  ["too much", bytes({ ...command(now), padding: "x".repeat(64 * 1024) })],
])("%s is malformed, not fatal", (_, payload) => {
  expect(readMessage("command", payload).channel).toBe("malformed");
});
