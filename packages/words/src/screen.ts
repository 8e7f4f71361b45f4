import type { ClosingState, ClosingStep } from "@tillkeeper/contract/closings/states";
import type { PresenceStatus } from "@tillkeeper/contract/presence";
import type { Language, Words } from "./languages.ts";
import { doingText } from "./mail-steps.ts";

/** What a person in a store does about a terminal that the server still closes by itself. */
const whileWaiting: Partial<Record<ClosingStep, Words>> = {
  wait: {
    en: "Nothing to do: it is being closed.",
    nb: "Ingenting å gjøre: den avsluttes.",
    sv: "Inget att göra: den avslutas.",
    da: "Ikke noget at gøre: den afsluttes.",
  },
  bring_back: {
    en: "Switch the terminal on and see that it has a network. It is then closed by itself.",
    nb: "Slå på terminalen og se etter at den har nettverk. Deretter avsluttes den av seg selv.",
    sv: "Slå på terminalen och se till att den har nätverk. Den avslutas sedan av sig själv.",
    da: "Tænd terminalen, og se efter, at den har netværk. Derefter afsluttes den af sig selv.",
  },
  finish_payment: {
    en: "A customer is paying. When the payment is finished, it is closed by itself.",
    nb: "En kunde betaler. Når betalingen er ferdig, avsluttes den av seg selv.",
    sv: "En kund betalar. När betalningen är klar avslutas den av sig själv.",
    da: "En kunde betaler. Når betalingen er færdig, afsluttes den af sig selv.",
  },
  fetch_configuration_first: {
    en: "The terminal is not ready yet. Have it set up; it is then closed by itself.",
    nb: "Terminalen er ikke klar ennå. Få den satt opp; deretter avsluttes den av seg selv.",
    sv: "Terminalen är inte klar ännu. Låt ställa in den; den avslutas sedan av sig själv.",
    da: "Terminalen er ikke klar endnu. Få den sat op; derefter afsluttes den af sig selv.",
  },
};

/** What to do about a terminal, for a screen in a store; `isWaiting`: the server goes on with it by itself. */
export function screenStepText(step: ClosingStep, isWaiting: boolean, language: Language): string {
  const waiting = isWaiting ? whileWaiting[step] : undefined;
  return waiting ? waiting[language] : doingText(step, language);
}

/** Whether a terminal can be reached, in a store's words. */
export const presenceWords: Readonly<Record<PresenceStatus, Words>> = {
  online: { en: "Connected", nb: "Tilkoblet", sv: "Ansluten", da: "Forbundet" },
  late: { en: "Late", nb: "Forsinket", sv: "Sen", da: "Forsinket" },
  offline: { en: "Not connected", nb: "Ikke tilkoblet", sv: "Inte ansluten", da: "Ikke forbundet" },
  never: { en: "Never connected", nb: "Aldri tilkoblet", sv: "Aldrig ansluten", da: "Aldrig forbundet" },
  shut_down: { en: "Switched off", nb: "Slått av", sv: "Avstängd", da: "Slukket" },
};

/** What to do about a terminal that cannot be reached. */
export const presenceSteps: Readonly<Record<PresenceStatus, Words>> = {
  online: {
    en: "There is nothing to do.",
    nb: "Det er ingenting å gjøre.",
    sv: "Det finns inget att göra.",
    da: "Der er ikke noget at gøre.",
  },
  late: {
    en: "It has not been heard of for a moment. Wait a minute.",
    nb: "Den har ikke gitt lyd fra seg på en stund. Vent et minutt.",
    sv: "Den har inte hörts av på en stund. Vänta en minut.",
    da: "Den har ikke givet lyd fra sig et øjeblik. Vent et minut.",
  },
  offline: {
    en: "See that it is switched on and has a network.",
    nb: "Se etter at den er slått på og har nettverk.",
    sv: "Se till att den är påslagen och har nätverk.",
    da: "Se efter, at den er tændt og har netværk.",
  },
  never: {
    en: "No device has connected as this terminal yet. Have it set up.",
    nb: "Ingen enhet har koblet seg til som denne terminalen ennå. Få den satt opp.",
    sv: "Ingen enhet har anslutit som den här terminalen ännu. Låt ställa in den.",
    da: "Ingen enhed har endnu forbundet sig som denne terminal. Få den sat op.",
  },
  shut_down: {
    en: "Switch it on when it is needed.",
    nb: "Slå den på når den trengs.",
    sv: "Slå på den när den behövs.",
    da: "Tænd den, når der er brug for den.",
  },
};

/** How a closing stands, in a word or two. */
export const closingWords: Readonly<Record<ClosingState, Words>> = {
  running: { en: "Being closed", nb: "Avsluttes", sv: "Avslutas", da: "Afsluttes" },
  closed: { en: "Closed", nb: "Avsluttet", sv: "Avslutad", da: "Afsluttet" },
  partly_closed: { en: "Partly closed", nb: "Delvis avsluttet", sv: "Delvis avslutad", da: "Delvist afsluttet" },
  unknown: { en: "Not known", nb: "Ikke kjent", sv: "Inte känt", da: "Ikke kendt" },
  nothing_to_close: {
    en: "Nothing to close",
    nb: "Ingenting å avslutte",
    sv: "Inget att avsluta",
    da: "Intet at afslutte",
  },
};
