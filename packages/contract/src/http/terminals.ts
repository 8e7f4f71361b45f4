import { type Static, type TSchema, Type } from "typebox";
import { Ability } from "../abilities.ts";
import { DeviceAddress } from "../addresses.ts";
import { modelPattern, pairingReferencePattern } from "../names.ts";
import { OperationName } from "../operations.ts";
import { Text, Time, Uuid } from "../scalars.ts";
import { TerminalStatus, TerminalStatusReason } from "../terminal-status.ts";
import { nextPage } from "./paging.ts";
import { takesBack } from "./sent-back.ts";

const StoreId = Type.String({
  minLength: 1,
  maxLength: 255,
  description: "The client-supplied store_id, or the generated id, of the store.",
  examples: ["S312"],
});
/** The models that the public reference names, beside one that begins with SIM. The field takes any other as well. */
const documentedModels = ["SATURN1000", "Saturn_S1F4_Pro", "S1P2", "S1MINI2", "S1U2"];

export const DeviceModel = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: modelPattern,
  description: "The model of the device, in any words. A virtual terminal is registered as VIRTUAL.",
  examples: documentedModels,
});
export const DeviceSerialNumber = Type.String({
  pattern: "^[A-Za-z0-9-]{1,64}$",
  description: "Hardware serial number printed on the device.",
  examples: ["123456789012"],
});

/** The caller's own reference of a pairing, by which it can be found in the list and in the audit log. */
export const PairingReference = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: pairingReferencePattern,
  description: "The caller's own reference of this pairing; comes back wherever the pairing is shown.",
  examples: ["install-4711"],
});

/** Terminals, field by field as the public reference shows them (D8-D12). */
const TerminalInput = Type.Object(
  {
    device_serial_number: DeviceSerialNumber,
    store_id: StoreId,
    device_model: Type.Optional(DeviceModel),
    pairing_reference: Type.Optional(PairingReference),
  },
  { additionalProperties: false, examples: [{ device_serial_number: "123456789012", store_id: "S312" }] },
);
export type TerminalCreate = Static<typeof TerminalInput>;

/** An absent field stays as it is; another `store_id` moves the terminal (D12). */
const TerminalChange = Type.Object(
  { device_model: Type.Optional(DeviceModel), store_id: Type.Optional(StoreId) },
  { additionalProperties: false },
);
export type TerminalUpdate = Static<typeof TerminalChange>;

const terminalFields = {
  terminal_id: Type.String({ examples: ["T12233302-T0001"] }),
  device_serial_number: Type.String(),
  id: Uuid,
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  deleted_by: Type.Optional(Type.String()),
  deleted_at: Type.Optional(Time),
  device_model: Type.Optional(Type.String({ description: "VIRTUAL: a virtual terminal.", examples: documentedModels })),
  store_id: Type.String(),
  status: TerminalStatus,
  status_reason: Type.Optional(TerminalStatusReason),
};

export const Terminal = Type.Object({
  ...terminalFields,
  abilities: Type.Optional(
    Type.Array(Type.Object({ operation: OperationName, max_seconds: Ability.properties.max_seconds }), {
      description:
        "Not in lists: the operations that its device reports to be able to do, and how many seconds each takes at most. " +
        "Absent: the device has not reported any, and counts as able to do all.",
    }),
  ),
});
export type Terminal = Static<typeof Terminal>;

export const TerminalCreate = takesBack(TerminalInput, Terminal);
export const TerminalUpdate = takesBack(TerminalChange, Terminal, { created: TerminalInput });

/** The store of a terminal, and the payout destination that its money goes to. */
export const TerminalStore = Type.Object({
  id: Type.String({ examples: ["P11223351-0026"] }),
  store_id: Type.String(),
  store_name: Type.Optional(Type.String()),
  payout_destination: Type.Optional(
    Type.Object({
      payout_destination_id: Type.String(),
      status: Type.String(),
      type: Type.String(),
      merchant_category_code: Type.Optional(Type.String()),
    }),
  ),
});
export type TerminalStore = Static<typeof TerminalStore>;

export const TerminalListItem = Type.Object({
  ...terminalFields,
  store: Type.Optional(Type.Object(TerminalStore.properties, { description: "With `includes=store` only." })),
});
export type TerminalListItem = Static<typeof TerminalListItem>;

const several = <T extends TSchema>(item: T, description: string) =>
  Type.Optional(Type.Array(item, { minItems: 1, maxItems: 100, description: `${description} Repeated for several.` }));

/** A value of a filter that may be repeated. Without a comma, so that a list by commas is refused and not searched for. */
const Value = Type.String({ ...Text, pattern: "^[^,]+$" });

/** The filters of the list of terminals; a terminal must meet each filter that is given. */
export const terminalFilters = {
  status: several(
    TerminalStatus,
    "Terminals in this status. DELETED ones are listed only with this filter or `include_deleted`.",
  ),
  device_model: several(Value, "Terminals of this model."),
  device_serial_number: several(Value, "Terminals that have, or had, the device with this serial number."),
  terminal_id: several(Value, "The terminal with this id."),
  store_id: several(Text, "Terminals of this store, by either of its ids."),
  payout_destination_id: several(Value, "Terminals of stores with this payout destination."),
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: "^[^\\p{Cc}]*$",
      description:
        "Part of the terminal's id, serial number or model, or of its store's id or name; upper or lower case.",
    }),
  ),
  includes: Type.Optional(
    Type.Array(Type.Enum(["store"]), { maxItems: 1, description: "`store` shows the store of each terminal." }),
  ),
};

export const TerminalList = Type.Object({
  terminals: Type.Array(TerminalListItem),
  starting_after: nextPage,
});
export type TerminalList = Static<typeof TerminalList>;

/** The MQTT credential of a terminal; the password is shown here once and kept only as a hash. */
export const TerminalCredential = Type.Object({
  terminal_id: Type.String(),
  address: DeviceAddress,
  mqtt_url: Type.String(),
  username: Type.String({ description: "The address." }),
  password: Type.String(),
  client_id: Type.String({ description: "The MQTT client id to connect with." }),
});
export type TerminalCredential = Static<typeof TerminalCredential>;
