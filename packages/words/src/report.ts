import type { ClosingFigure } from "@tillkeeper/contract/http/closing-schemas";
import type { Words } from "./languages.ts";

/** Labels and sentences of a report about a closed day. */
export const reportWords = {
  title: { en: "Day report", nb: "Dagsrapport", sv: "Dagsrapport", da: "Dagsrapport" },
  number: { en: "Report no.", nb: "Rapport nr.", sv: "Rapport nr", da: "Rapport nr." },
  provisional: { en: "Provisional", nb: "Foreløpig", sv: "Preliminär", da: "Foreløbig" },
  provisionalMeaning: {
    en: "The day is not over, or terminals are still being closed. This page has no number and may change.",
    nb: "Dagen er ikke over, eller terminaler avsluttes fortsatt. Denne siden har ikke nummer og kan bli endret.",
    sv: "Dagen är inte över, eller terminaler avslutas fortfarande. Den här sidan har inget nummer och kan ändras.",
    da: "Dagen er ikke slut, eller terminaler afsluttes stadig. Denne side har intet nummer og kan ændre sig.",
  },
  correction: {
    en: "Correction of report no.",
    nb: "Korrigerer rapport nr.",
    sv: "Rättar rapport nr",
    da: "Retter rapport nr.",
  },
  changed: { en: "What changed", nb: "Hva som er endret", sv: "Vad som har ändrats", da: "Hvad der er ændret" },
  store: { en: "Store", nb: "Butikk", sv: "Butik", da: "Butik" },
  businessDay: { en: "Business day", nb: "Forretningsdag", sv: "Affärsdag", da: "Forretningsdag" },
  from: { en: "From", nb: "Fra", sv: "Från", da: "Fra" },
  until: { en: "Until", nb: "Til", sv: "Till", da: "Til" },
  totals: { en: "Totals by currency", nb: "Summer per valuta", sv: "Summor per valuta", da: "Summer pr. valuta" },
  noTotals: {
    en: "No batch with figures was closed on this day.",
    nb: "Ingen bunt med tall ble avsluttet denne dagen.",
    sv: "Ingen bunt med siffror avslutades denna dag.",
    da: "Intet bundt med tal blev afsluttet denne dag.",
  },
  currency: { en: "Currency", nb: "Valuta", sv: "Valuta", da: "Valuta" },
  batches: { en: "Batches", nb: "Bunter", sv: "Buntar", da: "Bundter" },
  withoutTotals: {
    en: "Batches without figures",
    nb: "Bunter uten tall",
    sv: "Buntar utan siffror",
    da: "Bundter uden tal",
  },
  incomplete: {
    en: "* At least one batch does not tell this figure.",
    nb: "* Minst én bunt oppgir ikke dette tallet.",
    sv: "* Minst en bunt anger inte denna siffra.",
    da: "* Mindst ét bundt oplyser ikke dette tal.",
  },
  till: {
    en: "Compared with the till",
    nb: "Sammenlignet med kassen",
    sv: "Jämfört med kassan",
    da: "Sammenlignet med kassen",
  },
  agrees: { en: "The till agrees.", nb: "Kassen stemmer.", sv: "Kassan stämmer.", da: "Kassen stemmer." },
  differs: { en: "The till differs.", nb: "Kassen avviker.", sv: "Kassan avviker.", da: "Kassen afviger." },
  undecided: {
    en: "Not everything can be compared yet.",
    nb: "Ikke alt kan sammenlignes ennå.",
    sv: "Allt kan inte jämföras ännu.",
    da: "Ikke alt kan sammenlignes endnu.",
  },
  expected: { en: "Till", nb: "Kasse", sv: "Kassa", da: "Kasse" },
  actual: { en: "Terminals", nb: "Terminaler", sv: "Terminaler", da: "Terminaler" },
  difference: { en: "Difference", nb: "Avvik", sv: "Avvikelse", da: "Afvigelse" },
  figure: { en: "Figure", nb: "Tall", sv: "Siffra", da: "Tal" },
  terminals: { en: "Terminals", nb: "Terminaler", sv: "Terminaler", da: "Terminaler" },
  noTerminals: {
    en: "The store has no terminals.",
    nb: "Butikken har ingen terminaler.",
    sv: "Butiken har inga terminaler.",
    da: "Butikken har ingen terminaler.",
  },
  terminal: { en: "Terminal", nb: "Terminal", sv: "Terminal", da: "Terminal" },
  status: { en: "State", nb: "Status", sv: "Status", da: "Status" },
  batch: { en: "Batch", nb: "Bunt", sv: "Bunt", da: "Bundt" },
  toDo: { en: "To do", nb: "Gjør dette", sv: "Gör detta", da: "Gør dette" },
  unknownAmount: { en: "not told", nb: "ikke oppgitt", sv: "ej angivet", da: "ikke oplyst" },
  signature: {
    en: "Date and signature",
    nb: "Dato og underskrift",
    sv: "Datum och underskrift",
    da: "Dato og underskrift",
  },
  made: { en: "Made", nb: "Laget", sv: "Skapad", da: "Dannet" },
  fingerprint: { en: "SHA-256", nb: "SHA-256", sv: "SHA-256", da: "SHA-256" },
  closing: { en: "Closing", nb: "Dagsavslutning", sv: "Dagsavslut", da: "Dagsafslutning" },
  state: {
    en: "The closing as a whole",
    nb: "Avslutningen som helhet",
    sv: "Avslutet som helhet",
    da: "Afslutningen som helhed",
  },
  none: { en: "none", nb: "ingen", sv: "ingen", da: "ingen" },
} as const satisfies Record<string, Words>;

/** The figures of a close. */
export const figureWords: Readonly<Record<ClosingFigure, Words>> = {
  purchases_count: { en: "Purchases", nb: "Antall kjøp", sv: "Antal köp", da: "Antal køb" },
  purchases_amount: { en: "Purchases, amount", nb: "Kjøp, beløp", sv: "Köp, belopp", da: "Køb, beløb" },
  reversals_count: { en: "Reversals", nb: "Antall returer", sv: "Antal returer", da: "Antal returneringer" },
  reversals_amount: {
    en: "Reversals, amount",
    nb: "Returer, beløp",
    sv: "Returer, belopp",
    da: "Returneringer, beløb",
  },
  sale_amount: { en: "Sales", nb: "Salg", sv: "Försäljning", da: "Salg" },
  tip_amount: { en: "Tips", nb: "Tips", sv: "Dricks", da: "Drikkepenge" },
};
