import type { Language, Words } from "./languages.ts";

type Sentence<Facts> = Readonly<Record<Language, (facts: Facts) => string>>;
type Purpose = "invitation" | "reset";

/** Subjects of mails with a link that lets a person in. */
export const linkSubject: Readonly<Record<Purpose, Sentence<{ account: string }>>> = {
  invitation: {
    en: ({ account }) => `Your access to ${account}`,
    nb: ({ account }) => `Tilgangen din til ${account}`,
    sv: ({ account }) => `Din åtkomst till ${account}`,
    da: ({ account }) => `Din adgang til ${account}`,
  },
  reset: {
    en: ({ account }) => `A new password for ${account}`,
    nb: ({ account }) => `Nytt passord for ${account}`,
    sv: ({ account }) => `Nytt lösenord för ${account}`,
    da: ({ account }) => `Ny adgangskode til ${account}`,
  },
};

/** What such a link does, and for how long it works. */
export const linkSentence: Readonly<Record<Purpose, Sentence<{ account: string }>>> = {
  invitation: {
    en: ({ account }) =>
      `You are invited to ${account} in Tillkeeper. The link below lets you in. It works once, within 7 days.`,
    nb: ({ account }) =>
      `Du er invitert til ${account} i Tillkeeper. Lenken nedenfor slipper deg inn. Den virker én gang, i 7 dager.`,
    sv: ({ account }) =>
      `Du är inbjuden till ${account} i Tillkeeper. Länken nedan släpper in dig. Den fungerar en gång, i 7 dagar.`,
    da: ({ account }) =>
      `Du er inviteret til ${account} i Tillkeeper. Linket herunder lukker dig ind. Det virker én gang, i 7 dage.`,
  },
  reset: {
    en: ({ account }) =>
      `An administrator of ${account} lets you choose another password for Tillkeeper. The link below works once, within a day.`,
    nb: ({ account }) =>
      `En administrator i ${account} lar deg velge et nytt passord for Tillkeeper. Lenken nedenfor virker én gang, i ett døgn.`,
    sv: ({ account }) =>
      `En administratör på ${account} låter dig välja ett nytt lösenord för Tillkeeper. Länken nedan fungerar en gång, i ett dygn.`,
    da: ({ account }) =>
      `En administrator i ${account} lader dig vælge en ny adgangskode til Tillkeeper. Linket herunder virker én gang, i et døgn.`,
  },
};

/** Further words of these mails. */
export const linkMailWords = {
  open: {
    en: "Open Tillkeeper",
    nb: "Åpne Tillkeeper",
    sv: "Öppna Tillkeeper",
    da: "Åbn Tillkeeper",
  },
  unexpected: {
    en: "If you did not expect this, do nothing, and show the link to nobody.",
    nb: "Hvis du ikke ventet dette, trenger du ikke å gjøre noe. Ikke vis lenken til noen.",
    sv: "Om du inte väntade dig detta behöver du inte göra något. Visa inte länken för någon.",
    da: "Hvis du ikke ventede dette, skal du ikke gøre noget. Vis ikke linket til nogen.",
  },
} as const satisfies Record<string, Words>;
