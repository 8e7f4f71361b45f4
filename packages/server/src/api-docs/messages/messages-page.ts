import { limits } from "@tillkeeper/contract/limits";
import { channelMeanings } from "@tillkeeper/contract/mqtt/channel-meanings";
import { messageExamples } from "@tillkeeper/contract/mqtt/examples";
import { messages } from "@tillkeeper/contract/mqtt/messages";
import { type DownChannel, downChannels, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { deviceReasonMeanings } from "@tillkeeper/contract/operation-reasons";
import { type OperationName, operationKinds, operationNames } from "@tillkeeper/contract/operations";
import { type TObject, Type } from "typebox";
import { deepest } from "../../platform/http/bodies/storable.ts";
import { type AnySchema, fieldRows } from "./field-rows.ts";
import { messageNotes } from "./message-notes.ts";

type Channel = UpChannel | DownChannel;

/** In the order in which the messages follow each other. */
const order: readonly Channel[] = [
  "hello",
  "welcome",
  "command",
  "delivered",
  "started",
  "result",
  "receipt",
  "memory",
  "cancel",
  "cancel_refused",
  "rejection",
  "heartbeat",
  "goodbye",
  "gone",
  "probe",
  "probe_answer",
];

/** Notes on results beyond their schemas. */
const resultNotes: { readonly [Name in OperationName]?: string } = {
  check_update: "What each means: [updates](updates.md), rule U6.",
  send_logs: "Copied from what the server answered [to the log](logs.md).",
  end_of_day: `\`outcome\` and \`batch_id\` are facts, and required. The rest are figures: leave out what you do not know. \`unconfirmed\`: you do not know what the
payment host said. The tips are among the purchases, and \`sale_amount\` = purchases − tips − reversals, which may be negative. No figure makes a
close fail: one that cannot be (a count of −1) the server leaves out, and names in \`invalid_fields\` of what it shows; what does not fit together
it keeps, and names in \`inconsistent\`. A \`started_at\` or \`finished_at\` of the message that cannot be is named likewise. All of them mean a fault in your program.`,
};

/** docs/device-protocol/messages.md: every message with its fields, generated from the contract. */
export function messagesPage(): string {
  const missing = [...upChannels, ...downChannels].filter((channel) => !order.includes(channel));
  if (missing.length > 0) throw new Error(`no place for ${missing.join(", ")}`);
  return `# Messages

Every message of the [device protocol](../device-protocol.md), field by field; the rules are there. Topic:
\`tillkeeper/v1/{address}/{channel}\`, QoS 1, not retained. Ignore other channels, and fields that are not here: they belong to later versions.

| channel | direction | meaning |
| --- | --- | --- |
${order.map((channel) => `| [\`${channel}\`](#${channel}) | ${directionOf(channel)} | ${channelMeanings[channel]} |`).join("\n")}

- Each message is one JSON object in UTF-8, with at most ${limits.mqttMessageValues.toLocaleString("en")} values, those inside others included, and objects and arrays at most ${deepest} deep in
  one another. A name stands once in an object, and none is \`__proto__\`, or \`prototype\` in a \`constructor\`. Any other is rejected.
- A packet has at most **${limits.mqttPacketBytes} bytes** after its fixed header: MQTT's _remaining length_, which counts the topic. Some brokers count
  the two to four bytes of that header, too, so stay a little below.
- _time_ is an RFC 3339 date and time with a zone, \`2026-06-29T09:00:00.000Z\`; _uuid_ is the id of an operation, as the server gave it.
- Writers leave out what has no value; \`null\` is for \`previous_close\` alone.
- A field is always there where nothing else is said; a field of an optional object whenever the object is.

${order.map(sectionOf).join("\n\n")}

## Results

What \`result\` holds, by the operation.

${operationNames.toReversed().map(resultOf).join("\n\n")}

## Reasons

Of FAILED. Where several are true, any of them will do.

| reason | meaning |
| --- | --- |
${Object.entries(deviceReasonMeanings)
  .map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`)
  .join("\n")}

## Texts

- **Identifiers** are kept as they are: printable ASCII without spaces. So are batch numbers and versions.
- **Free text** is for people. What looks like a card number in it is masked before it is kept or shown (\`411111******1111\`); do not rely on
  that, and send none.
- **Codes** are words for programs, \`^[a-z][a-z0-9_]{0,63}$\`, with fewer than twelve digits.

This page is made from the contract by \`npm run reference\`.
`;
}

function directionOf(channel: Channel): string {
  return upChannels.some((name) => name === channel) ? "terminal → server" : "server → terminal";
}

function sectionOf(channel: Channel): string {
  const examples = messageExamples[channel].map((message) => `\`\`\`json\n${jsonOf(message)}\n\`\`\``);
  const note = messageNotes[channel];
  return [
    `## ${channel}`,
    tableOf(messages[channel] as AnySchema),
    ...examples,
    ...(note === undefined ? [] : [note]),
  ].join("\n\n");
}

function resultOf(name: OperationName): string {
  const { result, added }: { result: TObject; added: readonly string[] } = operationKinds[name];
  // Fields that the server adds are not sent by devices.
  const told = Type.Omit(result, [...added]);
  const whole = Object.keys(told.properties).every((field) => told.required?.includes(field));
  const texts = [...(whole ? ["All of it is required, and nothing else allowed."] : []), resultNotes[name]];
  return `### Result of ${name}\n\n${tableOf(told)}\n\n${texts.filter(Boolean).join(" ")}`;
}

function tableOf(schema: AnySchema): string {
  return ["| field | type | |", "| --- | --- | --- |", ...fieldRows(schema)].join("\n");
}

const widest = 140;

/** JSON as a person would write it: on one line, or with a line per field when that is too wide. */
function jsonOf(message: object): string {
  const spaced = (value: unknown) =>
    JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ").replaceAll("[ ", "[").replaceAll(" ]", "]");
  const line = spaced(message);
  if (line.length <= widest) return line;
  const fields = Object.entries(message).map(([name, value]) => `  ${JSON.stringify(name)}: ${spaced(value)}`);
  return `{\n${fields.join(",\n")}\n}`;
}
