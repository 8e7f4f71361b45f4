/** The languages in which people read: English, Norwegian bokmål, Swedish, Danish (D40). */
export const languages = ["en", "nb", "sv", "da"] as const;
export type Language = (typeof languages)[number];

/** One sentence or label in every language: a missing one does not compile. */
export type Words = Readonly<Record<Language, string>>;
/** The same where the contract has the English sentence. */
export type Translations = Readonly<Record<Exclude<Language, "en">, string>>;

/** Tags of languages that a language of ours stands for. */
const sameAs: Readonly<Record<string, Language>> = { en: "en", nb: "nb", no: "nb", nn: "nb", sv: "sv", da: "da" };

/** The language of a tag such as `nb-NO` or `no`; undefined for one that is not offered. */
export function languageOfTag(tag: string): Language | undefined {
  const [first = ""] = tag.toLowerCase().split("-");
  return Object.hasOwn(sameAs, first) ? sameAs[first] : undefined;
}

const ofCountries: Readonly<Record<string, Language>> = { NO: "nb", SE: "sv", DK: "da" };

/** The language of a store in that country, unless another one is set. */
export function languageOfCountry(country: string | undefined): Language {
  return ofCountries[country ?? ""] ?? "en";
}
