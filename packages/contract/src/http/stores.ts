import { type Static, Type } from "typebox";
import { TerminalStatus } from "../terminal-status.ts";

/** Stores, field by field as the public reference shows them (D1-D3). */
export const storeStatuses = ["DELETED", "ACTIVE", "SUSPENDED"] as const;
export const StoreStatus = Type.Enum(storeStatuses);
export type StoreStatus = (typeof storeStatuses)[number];

/** 1-20 characters without control characters, without `/`, and without a blank at either end (D1). */
export const StoreIdText = Type.String({
  minLength: 1,
  maxLength: 20,
  pattern: "^[^\\s/\\p{Cc}]([^/\\p{Cc}]*[^\\s/\\p{Cc}])?$",
  description: "The caller's own id of the store; left out, the server makes one.",
  examples: ["S312"],
});

const Country = Type.String({ format: "iso-3166-1-alpha-2", description: "ISO 3166-1 alpha-2.", examples: ["NO"] });
const Email = Type.String({ format: "email", maxLength: 254 });
const PhoneNumber = Type.String({
  pattern: "^\\+[1-9]\\d{1,14}$",
  description: "A phone number in E.164 format.",
  examples: ["+4799999999"],
});
const Website = Type.String({ minLength: 1, maxLength: 255 });
const StoreName = Type.String({ minLength: 1, maxLength: 255 });

export const Organization = Type.Object(
  {
    organization_number: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
    country: Type.Optional(Country),
    type: Type.Optional(Type.Enum(["main_unit", "sub_unit"])),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    trade_name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  },
  { additionalProperties: false, description: "The organization for the store." },
);
export type Organization = Static<typeof Organization>;

export const Address = Type.Object(
  {
    address_line: Type.String({ minLength: 1, maxLength: 255, examples: ["Sommerkroveien 34"] }),
    address_line_2: Type.Optional(Type.String({ minLength: 1, maxLength: 255, examples: ["PB 123"] })),
    postal_code: Type.Optional(Type.String({ minLength: 1, maxLength: 20, examples: ["0349"] })),
    postal_place: Type.String({ minLength: 1, maxLength: 255, examples: ["Oslo"] }),
    country: Country,
  },
  { additionalProperties: false },
);
export type Address = Static<typeof Address>;

export const Coordinates = Type.Object(
  {
    latitude: Type.Number({ minimum: -90, maximum: 90, examples: [59.949923] }),
    longitude: Type.Number({ minimum: -180, maximum: 180, examples: [10.766888] }),
  },
  { additionalProperties: false, description: "The coordinates of the store." },
);
export type Coordinates = Static<typeof Coordinates>;

export const PayoutDestinationId = Type.String({ pattern: "^[A-Za-z0-9_-]{1,40}$", examples: ["PD032"] });

/** Only the id counts on create; the rest is what the answer shows and is ignored when echoed back. */
const PayoutDestinationReference = Type.Object(
  { payout_destination_id: PayoutDestinationId },
  { additionalProperties: false },
);

export const StoreCreate = Type.Object(
  {
    store_id: Type.Optional(StoreIdText),
    organization: Type.Optional(Organization),
    store_name: Type.Optional(StoreName),
    email: Type.Optional(Email),
    phone_number: Type.Optional(PhoneNumber),
    address: Type.Optional(Address),
    coordinates: Type.Optional(Coordinates),
    website: Type.Optional(Website),
    payout_destination: Type.Optional(PayoutDestinationReference),
  },
  { additionalProperties: false },
);
export type StoreCreate = Static<typeof StoreCreate>;

const StorePayoutDestination = Type.Object({
  payout_destination_id: Type.String(),
  status: Type.String(),
  type: Type.String(),
  merchant_category_code: Type.Optional(Type.String()),
});

export const StoreTerminal = Type.Object({
  terminal_id: Type.String(),
  device_serial_number: Type.String(),
  status: TerminalStatus,
});

const storeFields = {
  store_id: Type.String(),
  id: Type.String({ description: "`{account}-{4 digits}`, made by the server.", examples: ["P11223351-0026"] }),
  created_at: Type.String({ format: "date-time" }),
  created_by: Type.String(),
  updated_at: Type.String({ format: "date-time" }),
  updated_by: Type.String(),
  status: StoreStatus,
  verified: Type.Boolean({ description: "Every shown detail came from a payout destination or a public register." }),
  number_of_terminals: Type.Integer({ description: "Live terminals of the store." }),
  organization: Type.Optional(Organization),
  store_name: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
  address: Type.Optional(Address),
  coordinates: Type.Optional(Coordinates),
  website: Type.Optional(Type.String()),
  payout_destination: Type.Optional(StorePayoutDestination),
};

export const Store = Type.Object({ ...storeFields, terminals: Type.Array(StoreTerminal) });
export type Store = Static<typeof Store>;

export const StoreListItem = Type.Object({
  ...storeFields,
  terminals_summary: Type.Array(Type.Object({ status: TerminalStatus, count: Type.Integer() })),
});
export type StoreListItem = Static<typeof StoreListItem>;

export const StoreList = Type.Object({
  stores: Type.Array(StoreListItem),
  starting_after: Type.Optional(Type.String({ description: "Pass it on to get the next page; absent on the last." })),
});
export type StoreList = Static<typeof StoreList>;
