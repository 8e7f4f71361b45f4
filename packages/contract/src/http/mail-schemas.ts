import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import { Time } from "../scalars.ts";

const MailAddress = Type.String({
  minLength: 3,
  maxLength: 254,
  description:
    "An e-mail address: before the `@` letters of ASCII, digits and signs, behind it a domain, in its own letters or as `xn--…`.",
  examples: ["drift@kiosk.example"],
});

/** A recipient of mails about a store. */
export const MailRecipient = Type.Object(
  {
    address: MailAddress,
    language: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$",
        description:
          "The reader's language, as a tag such as `nb` or `sv-SE`. There are `en`, `nb`, `sv`, `da`; any other is read in English. " +
          "Left out: that of the store's country.",
        examples: ["nb"],
      }),
    ),
  },
  { additionalProperties: false },
);
export type MailRecipient = Static<typeof MailRecipient>;

/** Who is told by mail of business days that were not closed. */
export const MailTo = Type.Array(MailRecipient, {
  maxItems: limits.mailAddresses,
  description:
    "Who gets a mail when a business day was not closed, one for each store and day. Replaced as a whole; default: nobody.",
});

/** Why no mail is sent, and the addresses whose readers have ended it. */
export const MailStanding = Type.Object(
  {
    off_because: Type.Optional(Type.String({ description: "Why this server sends no mail, in words." })),
    ended: Type.Optional(
      Type.Array(Type.Object({ address: Type.String(), ended_at: Time }), {
        description:
          "Addresses whose readers have ended these mails by a link. Only a link in one of them lets them come again.",
      }),
    ),
  },
  { description: "What comes of `mail_to`. A change of it alone makes no `If-Match` fail." },
);
export type MailStanding = Static<typeof MailStanding>;

/** Who is told of the days of all stores of an account. */
export const AccountMail = Type.Object({ mail_to: MailTo, mail: MailStanding });
export type AccountMail = Static<typeof AccountMail>;
