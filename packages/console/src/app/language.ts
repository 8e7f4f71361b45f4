import { i18n, type Messages } from "@lingui/core";
import { type Language, languageOfTag, languages } from "@tillkeeper/words/languages";

const place = "tillkeeper-language";

/** How each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: "English",
  nb: "Norsk",
  sv: "Svenska",
  da: "Dansk",
};

/** The tag by which the browser writes numbers and dates. */
const tags: Readonly<Record<Language, string>> = { en: "en-GB", nb: "nb-NO", sv: "sv-SE", da: "da-DK" };

const catalogs: Readonly<Record<Language, () => Promise<{ messages: Messages }>>> = {
  en: () => import("../words/en.po"),
  nb: () => import("../words/nb.po"),
  sv: () => import("../words/sv.po"),
  da: () => import("../words/da.po"),
};

/** The language chosen in this browser, else the first of the browser's that is offered. */
export function preferredLanguage(): Language {
  const tag = [localStorage.getItem(place) ?? "", ...navigator.languages].find((one) => languageOfTag(one));
  return languageOfTag(tag ?? "") ?? "en";
}

/** Shows the console in a language. */
export async function chooseLanguage(language: Language): Promise<void> {
  const { messages } = await catalogs[language]();
  i18n.loadAndActivate({ locale: language, messages });
  document.documentElement.lang = language;
}

/** Keeps in this browser the language that was chosen in it. */
export function rememberLanguage(language: Language): void {
  localStorage.setItem(place, language);
}

/** The language of a person's settings, where none was chosen in this browser. */
export async function takeLanguageOf(language: string | null | undefined): Promise<void> {
  const theirs = languageOfTag(language ?? "");
  if (theirs && localStorage.getItem(place) === null && theirs !== i18n.locale) await chooseLanguage(theirs);
}

/** The language that is shown. */
export function shownLanguage(): Language {
  return languages.find((one) => one === i18n.locale) ?? "en";
}

/** The tag of a language for `Intl`. */
export function tagOf(language: Language): string {
  return tags[language];
}
