import type { Language, Words } from "./languages.ts";

/** A sentence with what it speaks of put in. */
type Sentence<Facts> = Readonly<Record<Language, (facts: Facts) => string>>;

/** A store and a business day, as people write them. */
interface OfDay {
  store: string;
  day: string;
}
type Counts = OfDay & { open: number; all: number };

/** The subject of a mail about a day that was not closed. */
export const mailSubject: Sentence<OfDay> = {
  en: ({ store, day }) => `Not closed: ${store}, ${day}`,
  nb: ({ store, day }) => `Ikke avsluttet: ${store}, ${day}`,
  sv: ({ store, day }) => `Inte avslutat: ${store}, ${day}`,
  da: ({ store, day }) => `Ikke afsluttet: ${store}, ${day}`,
};

/** The sentence of a mail: so many terminals are not closed. */
export const notClosed: Sentence<Counts> = {
  en: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: the terminal is not closed for ${day}.`
      : `${store}: ${open} of ${all} terminals ${open === 1 ? "is" : "are"} not closed for ${day}.`,
  nb: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: terminalen er ikke avsluttet for ${day}.`
      : `${store}: ${open} av ${all} terminaler er ikke avsluttet for ${day}.`,
  sv: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: terminalen är inte avslutad för ${day}.`
      : `${store}: ${open} av ${all} terminaler är inte ${open === 1 ? "avslutad" : "avslutade"} för ${day}.`,
  da: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: terminalen er ikke afsluttet for ${day}.`
      : `${store}: ${open} af ${all} terminaler er ikke afsluttet for ${day}.`,
};

/** The sentence for terminals of which it is unknown whether they are open. */
export const perhapsNotClosed: Sentence<Counts> = {
  en: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: nobody knows whether the terminal is closed for ${day}.`
      : `${store}: nobody knows whether ${open} of ${all} terminals ${open === 1 ? "is" : "are"} closed for ${day}.`,
  nb: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: ingen vet om terminalen er avsluttet for ${day}.`
      : `${store}: ingen vet om ${open} av ${all} terminaler er avsluttet for ${day}.`,
  sv: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: ingen vet om terminalen är avslutad för ${day}.`
      : `${store}: ingen vet om ${open} av ${all} terminaler är ${open === 1 ? "avslutad" : "avslutade"} för ${day}.`,
  da: ({ open, all, store, day }) =>
    all === 1
      ? `${store}: ingen ved, om terminalen er afsluttet for ${day}.`
      : `${store}: ingen ved, om ${open} af ${all} terminaler er afsluttet for ${day}.`,
};

/** What the page says of a day that is closed by now. */
export const closedByNow: Sentence<OfDay> = {
  en: ({ store, day }) => `${store}: everything is closed for ${day}. There is nothing to do.`,
  nb: ({ store, day }) => `${store}: alt er avsluttet for ${day}. Det er ingenting å gjøre.`,
  sv: ({ store, day }) => `${store}: allt är avslutat för ${day}. Det finns inget att göra.`,
  da: ({ store, day }) => `${store}: alt er afsluttet for ${day}. Der er ikke noget at gøre.`,
};

/** The question of the page that ends mails, and what came of it. */
export const endingWords: Readonly<Record<"ask" | "ended" | "resumed", Sentence<{ address: string }>>> = {
  ask: {
    en: ({ address }) => `Shall ${address} get no more mail about days that were not closed?`,
    nb: ({ address }) => `Skal ${address} ikke lenger få e-post om dager som ikke ble avsluttet?`,
    sv: ({ address }) => `Ska ${address} inte längre få e-post om dagar som inte avslutades?`,
    da: ({ address }) => `Skal ${address} ikke længere få e-mail om dage, der ikke blev afsluttet?`,
  },
  ended: {
    en: ({ address }) => `${address} gets no more mail about days that were not closed.`,
    nb: ({ address }) => `${address} får ikke lenger e-post om dager som ikke ble avsluttet.`,
    sv: ({ address }) => `${address} får inte längre e-post om dagar som inte avslutades.`,
    da: ({ address }) => `${address} får ikke længere e-mail om dage, der ikke blev afsluttet.`,
  },
  resumed: {
    en: ({ address }) => `${address} gets mail about days that were not closed again.`,
    nb: ({ address }) => `${address} får igjen e-post om dager som ikke ble avsluttet.`,
    sv: ({ address }) => `${address} får åter e-post om dagar som inte avslutades.`,
    da: ({ address }) => `${address} får igen e-mail om dage, der ikke blev afsluttet.`,
  },
};

/** Further words of mails and of the pages behind their links. */
export const mailWords = {
  consequence: {
    en: "What was sold there stays in the terminal until it is closed, and the money comes later.",
    nb: "Det som er solgt der, blir liggende i terminalen til den er avsluttet, og pengene kommer senere.",
    sv: "Det som har sålts där ligger kvar i terminalen tills den avslutas, och pengarna kommer senare.",
    da: "Det, der er solgt dér, bliver i terminalen, til den er afsluttet, og pengene kommer senere.",
  },
  nobodyAsked: {
    en: "Nobody has asked to close this day.",
    nb: "Ingen har bedt om å avslutte denne dagen.",
    sv: "Ingen har bett om att avsluta den här dagen.",
    da: "Ingen har bedt om at afslutte denne dag.",
  },
  now: {
    en: "How it stands now",
    nb: "Slik står det nå",
    sv: "Så står det nu",
    da: "Sådan står det nu",
  },
  why: {
    en: "You get this mail because somebody entered your address to be told. It comes once for each store and day.",
    nb: "Du får denne e-posten fordi noen har oppgitt adressen din for slike beskjeder. Den kommer én gang per butikk og dag.",
    sv: "Du får det här mejlet för att någon har angett din adress för sådana besked. Det kommer en gång per butik och dag.",
    da: "Du får denne e-mail, fordi nogen har angivet din adresse til sådanne beskeder. Den kommer én gang pr. butik og dag.",
  },
  noMore: {
    en: "No more of these mails",
    nb: "Ingen flere slike e-poster",
    sv: "Inga fler sådana mejl",
    da: "Ikke flere af disse e-mails",
  },
  again: {
    en: "Let them come again",
    nb: "La dem komme igjen",
    sv: "Låt dem komma igen",
    da: "Lad dem komme igen",
  },
  gone: {
    en: "There is nothing to see here any more. A newer mail has a newer link.",
    nb: "Det er ikke lenger noe å se her. En nyere e-post har en nyere lenke.",
    sv: "Här finns inte längre något att se. Ett nyare mejl har en nyare länk.",
    da: "Her er ikke længere noget at se. En nyere e-mail har et nyere link.",
  },
} as const satisfies Record<string, Words>;
