import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import { Session } from "../mqtt/parts.ts";
import { downChannels, upChannels } from "../mqtt/topics.ts";

/**
 * The device protocol over HTTPS, for networks that let no MQTT through, with the messages and channels of MQTT. A request
 * carries the device's messages, its answer those that wait for the device. If none waits, the answer is held back for a
 * while (long poll).
 */
export const DeviceMessagesRequest = Type.Object(
  {
    session: Session,
    wait_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.longPollWaitSecondsMax,
        description: "How many seconds the answer may be held back until there is a message. Default 0.",
      }),
    ),
    messages: Type.Optional(
      Type.Array(
        Type.Object({ channel: Type.Enum(upChannels), message: Type.Unknown() }, { additionalProperties: false }),
        { maxItems: limits.longPollMessages },
      ),
    ),
  },
  { additionalProperties: false },
);
export type DeviceMessagesRequest = Static<typeof DeviceMessagesRequest>;

export const DeviceMessagesAnswer = Type.Object({
  messages: Type.Array(Type.Object({ channel: Type.Enum(downChannels), message: Type.Unknown() })),
});
export type DeviceMessagesAnswer = Static<typeof DeviceMessagesAnswer>;
