import { type Static, Type } from "typebox";
import { Name, nameOf, storeIdPattern } from "../names.ts";
import { Time } from "../scalars.ts";
import { TerminalStatus } from "../terminal-status.ts";
import { nextPage } from "./paging.ts";
import { takesBack } from "./sent-back.ts";

/** Stores, field by field as the public reference shows them (D1-D3). */
export const storeStatuses = ["DELETED", "ACTIVE", "SUSPENDED"] as const;
export const StoreStatus = Type.Enum(storeStatuses);
export type StoreStatus = (typeof storeStatuses)[number];

/** D1, D37. */
export const StoreIdText = Type.String({
  minLength: 1,
  maxLength: 20,
  pattern: storeIdPattern,
  description:
    "The caller's own id of the store; left out, the server makes one. No other store's `id`, and nothing of that form. Kept " +
    "and compared in Unicode's normal form C.",
  examples: ["S312"],
});

const Country = Type.String({ format: "iso-3166-1-alpha-2", description: "ISO 3166-1 alpha-2.", examples: ["NO"] });
const Email = Type.String({ format: "email", maxLength: 254 });
const PhoneNumber = Type.String({
  pattern: "^\\+[1-9]\\d{1,14}$",
  description: "A phone number in E.164 format.",
  examples: ["+4799999999"],
});
const Website = Name;
const StoreName = nameOf({ maxLength: 255, description: "Kept in Unicode's normal form C, like every text here." });

export const Organization = Type.Object(
  {
    organization_number: Type.Optional(nameOf({ maxLength: 32 })),
    country: Type.Optional(Country),
    type: Type.Optional(Type.Enum(["main_unit", "sub_unit"])),
    name: Type.Optional(Name),
    trade_name: Type.Optional(Name),
  },
  { additionalProperties: false, description: "The organization for the store." },
);
export type Organization = Static<typeof Organization>;

export const Address = Type.Object(
  {
    address_line: nameOf({ maxLength: 255, examples: ["Sommerkroveien 34"] }),
    address_line_2: Type.Optional(nameOf({ maxLength: 255, examples: ["PB 123"] })),
    postal_code: Type.Optional(nameOf({ maxLength: 20, examples: ["0349"] })),
    postal_place: nameOf({ maxLength: 255, examples: ["Oslo"] }),
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

const PayoutDestinationReference = Type.Object(
  { payout_destination_id: PayoutDestinationId },
  { additionalProperties: false },
);

/** What a caller may set. PUT replaces the store: absent fields are cleared, except `store_id`. */
const StoreInput = Type.Object(
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
  {
    additionalProperties: false,
    examples: [
      {
        store_id: "S312",
        store_name: "Oslo Centre",
        address: {
          address_line: "Sommerkroveien 34",
          postal_code: "0349",
          postal_place: "Oslo",
          country: "NO",
        },
      },
    ],
  },
);
export type StoreCreate = Static<typeof StoreInput>;

const StorePayoutDestination = Type.Object({
  payout_destination_id: Type.String(),
  status: Type.String(),
  type: Type.String(),
  merchant_category_code: Type.Optional(Type.String()),
});

/** A destination of the operator account that owns this account, linked to the store (D6). */
const OperatorPayoutDestination = Type.Object({
  payout_destination_id: Type.String(),
  status: Type.String(),
  type: Type.String(),
  organization_number: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  trade_name: Type.Optional(Type.String()),
  merchant_category_code: Type.Optional(Type.String()),
});

/** Why a store is suspended. Each reason ends by itself; the store is SUSPENDED as long as any of them holds (D5). */
export const suspensionReasons = ["operator", "payout_destination"] as const;
export type SuspensionReason = (typeof suspensionReasons)[number];

export const StoreTerminal = Type.Object({
  terminal_id: Type.String(),
  device_serial_number: Type.String(),
  status: TerminalStatus,
});

const storeFields = {
  store_id: Type.String(),
  id: Type.String({ description: "`{account}-{4 digits}`, made by the server.", examples: ["P11223351-0026"] }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  status: StoreStatus,
  suspended_by: Type.Optional(
    Type.Array(Type.Enum(suspensionReasons), { description: "With SUSPENDED: what keeps the store suspended." }),
  ),
  verified: Type.Boolean({
    description:
      "Every shown detail came from a payout destination or a public register. It is false if the caller gave a store name, " +
      "coordinates or a field of the organization that the source does not confirm.",
  }),
  number_of_terminals: Type.Integer({ description: "Live terminals of the store." }),
  organization: Type.Optional(Organization),
  store_name: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
  address: Type.Optional(Address),
  coordinates: Type.Optional(Coordinates),
  website: Type.Optional(Type.String()),
  payout_destination: Type.Optional(StorePayoutDestination),
  operator_payout_destinations: Type.Optional(
    Type.Array(OperatorPayoutDestination, { description: "With `includes=operator_payout_destinations` only." }),
  ),
};

export const Store = Type.Object({ ...storeFields, terminals: Type.Array(StoreTerminal) });
export type Store = Static<typeof Store>;

export const StoreCreate = takesBack(StoreInput, Store);
export const StoreReplacement = takesBack(StoreInput, Store, { created: StoreInput });

export const StoreListItem = Type.Object({
  ...storeFields,
  terminals_summary: Type.Array(Type.Object({ status: TerminalStatus, count: Type.Integer() })),
});
export type StoreListItem = Static<typeof StoreListItem>;

export const StoreList = Type.Object({
  stores: Type.Array(StoreListItem),
  starting_after: nextPage,
});
export type StoreList = Static<typeof StoreList>;

/** The values of the query parameter `includes`: further parts of the answer. */
export const storeIncludes = ["operator_payout_destinations"] as const;
export const StoreIncludes = Type.Optional(Type.Array(Type.Enum(storeIncludes), { maxItems: 10 }));

/** The values of the query parameter `includes`: further parts of the answer. */
export const storeFilters = {
  status: Type.Optional(
    Type.Array(StoreStatus, { maxItems: 10, description: "Stores in these statuses; without it, all but DELETED." }),
  ),
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: "^[^\\p{Cc}]+$",
      description: "Part of the store's name, ids, place or organization number; upper or lower case.",
      examples: ["oslo"],
    }),
  ),
  payout_destination_id: Type.Optional(Type.Array(PayoutDestinationId, { maxItems: 100 })),
  include_deleted: Type.Optional(
    Type.Boolean({ description: "Show DELETED rows, too. It has no effect beside `status`." }),
  ),
  includes: StoreIncludes,
};
