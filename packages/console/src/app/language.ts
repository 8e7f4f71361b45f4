import { i18n } from "@lingui/core";
import { type Language, languageOfTag, languages } from "@tillkeeper/words/languages";
import { chosenLanguage, loadWords } from "./catalogs.ts";

/** How each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: "English",
  nb: "Norsk",
  sv: "Svenska",
  da: "Dansk",
};

/** Shows the console in a language. */
export async function chooseLanguage(language: Language): Promise<void> {
  const { messages } = await loadWords(language);
  i18n.loadAndActivate({ locale: language, messages });
  document.documentElement.lang = language;
}

/** The language of a person's settings, where none was chosen in this browser. */
export async function takeLanguageOf(language: string | null | undefined): Promise<void> {
  const theirs = languageOfTag(language ?? "");
  if (theirs && chosenLanguage() === undefined && theirs !== i18n.locale) await chooseLanguage(theirs);
}

/** The language that is shown. */
export function shownLanguage(): Language {
  return languages.find((one) => one === i18n.locale) ?? "en";
}
