import { type Static, Type } from "typebox";
import { Name } from "../names.ts";

export const Country = Type.String({
  format: "iso-3166-1-alpha-2",
  description: "ISO 3166-1 alpha-2.",
  examples: ["NO"],
});
const Currency = Type.String({ pattern: "^[A-Z]{3}$", description: "ISO 4217.", examples: ["NOK"] });

const bankAccountFields = {
  bank_account_currency: Currency,
  payout_currency: Type.Optional(Currency),
  bank_name: Type.Optional(Name),
  bank_account_number_type: Type.Optional(
    Type.Enum(["IBAN", "BBAN"], { description: "Left out: BBAN for a bank in Norway, IBAN anywhere else." }),
  ),
  bank_account_country_code: Type.Optional(Country),
  bank_identification_code: Type.Optional(
    Type.String({ pattern: "^[A-Z0-9]{8}([A-Z0-9]{3})?$", description: "BIC (SWIFT).", examples: ["DNBANOKKXXX"] }),
  ),
};

export const BankAccount = Type.Object(
  {
    ...bankAccountFields,
    bank_account_number: Type.Optional(
      Type.String({
        pattern: "^[A-Z0-9]{6,34}$",
        description: "It may follow later, by PATCH.",
        examples: ["NO9386011117947"],
      }),
    ),
  },
  { additionalProperties: false },
);
export type BankAccount = Static<typeof BankAccount>;

/** A bank account in a change: its number may come back as answers show it, and stays what it is then. */
export const KeptBankAccount = Type.Object(
  {
    ...bankAccountFields,
    bank_account_number: Type.Optional(
      Type.String({
        pattern: "^\\*{0,30}[A-Z0-9]{4,34}$",
        description: "The whole number, or one of the destination's as answers show it, which then stays.",
        examples: ["NO9386011117947"],
      }),
    ),
  },
  { additionalProperties: false },
);

export const ShownBankAccount = Type.Object({
  ...bankAccountFields,
  bank_account_number: Type.Optional(
    Type.String({
      description: "Only its last four characters; the others are shown as `*`.",
      examples: ["***********7947"],
    }),
  ),
});
