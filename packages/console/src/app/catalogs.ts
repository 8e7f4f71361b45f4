import type { Messages } from "@lingui/core";
import { type Language, languageOfTag } from "@tillkeeper/words/languages";

const place = "tillkeeper-language";

const catalogs: Readonly<Record<Language, () => Promise<{ messages: Messages }>>> = {
  en: () => import("../words/en.po"),
  nb: () => import("../words/nb.po"),
  sv: () => import("../words/sv.po"),
  da: () => import("../words/da.po"),
};

/** Loads the words of a language. */
export function loadWords(language: Language): Promise<{ messages: Messages }> {
  return catalogs[language]();
}

/** The language chosen in this browser, if one was. */
export function chosenLanguage(): Language | undefined {
  return languageOfTag(localStorage.getItem(place) ?? "");
}

/** Keeps in this browser the language that was chosen in it. */
export function rememberLanguage(language: Language): void {
  localStorage.setItem(place, language);
}

/** The language chosen in this browser, else the first of the browser's that is offered. */
export function preferredLanguage(): Language {
  const offered = navigator.languages.map(languageOfTag).find((one) => one !== undefined);
  return chosenLanguage() ?? offered ?? "en";
}
