import { type Static, Type } from "typebox";
import { TerminalStatus, TerminalStatusReason } from "../terminal-status.ts";

/** Terminals, field by field as the public reference shows them (D8-D12). */
export const TerminalCreate = Type.Object(
  {
    device_serial_number: Type.String({
      pattern: "^[A-Za-z0-9-]{1,64}$",
      description: "Hardware serial number printed on the device.",
      examples: ["123456789012"],
    }),
    store_id: Type.String({
      minLength: 1,
      maxLength: 255,
      description: "The client-supplied store_id, or the generated id, of the store.",
      examples: ["S312"],
    }),
    device_model: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$" })),
  },
  { additionalProperties: false },
);
export type TerminalCreate = Static<typeof TerminalCreate>;

export const Terminal = Type.Object({
  terminal_id: Type.String({ examples: ["T12233302-T0001"] }),
  device_serial_number: Type.String(),
  id: Type.String({ format: "uuid" }),
  created_at: Type.String({ format: "date-time" }),
  created_by: Type.String(),
  updated_at: Type.String({ format: "date-time" }),
  deleted_by: Type.Optional(Type.String()),
  deleted_at: Type.Optional(Type.String({ format: "date-time" })),
  device_model: Type.Optional(Type.String()),
  store_id: Type.String(),
  status: TerminalStatus,
  status_reason: Type.Optional(TerminalStatusReason),
});
export type Terminal = Static<typeof Terminal>;

export const TerminalList = Type.Object({
  terminals: Type.Array(Terminal),
  starting_after: Type.Optional(Type.String({ description: "Pass it on to get the next page; absent on the last." })),
});
export type TerminalList = Static<typeof TerminalList>;

/** The MQTT credential of a terminal; the password is shown here once and kept only as a hash. */
export const TerminalCredential = Type.Object({
  terminal_id: Type.String(),
  mqtt_url: Type.String(),
  username: Type.String(),
  password: Type.String(),
});
export type TerminalCredential = Static<typeof TerminalCredential>;
