import type { ClosingStep } from "@tillkeeper/contract/closings/states";
import type { Language, Words } from "./languages.ts";

/** The next step for a person in a store, who sees terminals and tills and no requests. */
const doings = {
  closeAgain: {
    en: "Close the day once more. What is closed already is not closed twice.",
    nb: "Avslutt dagen én gang til. Det som er avsluttet, avsluttes ikke to ganger.",
    sv: "Avsluta dagen en gång till. Det som redan är avslutat avslutas inte två gånger.",
    da: "Afslut dagen én gang til. Det, der er afsluttet, afsluttes ikke to gange.",
  },
  finishPayment: {
    en: "A payment was going on. When it is finished, close the day once more.",
    nb: "En betaling pågikk. Når den er ferdig, avslutt dagen én gang til.",
    sv: "En betalning pågick. När den är klar, avsluta dagen en gång till.",
    da: "En betaling var i gang. Når den er færdig, så afslut dagen én gang til.",
  },
  checkNetwork: {
    en: "The terminal did not reach the payment system. Check the network, and close the day once more in some minutes.",
    nb: "Terminalen nådde ikke betalingssystemet. Sjekk nettverket, og avslutt dagen én gang til om noen minutter.",
    sv: "Terminalen nådde inte betalningssystemet. Kontrollera nätverket och avsluta dagen en gång till om några minuter.",
    da: "Terminalen kunne ikke nå betalingssystemet. Kontrollér netværket, og afslut dagen én gang til om nogle minutter.",
  },
  switchOn: {
    en: "See that the terminal is switched on and has a network. Then close the day once more.",
    nb: "Se etter at terminalen er slått på og har nettverk. Avslutt deretter dagen én gang til.",
    sv: "Se till att terminalen är påslagen och har nätverk. Avsluta sedan dagen en gång till.",
    da: "Se efter, at terminalen er tændt og har netværk. Afslut derefter dagen én gang til.",
  },
  askThere: {
    en: "Somebody stopped it at the terminal. Ask there, then close the day once more.",
    nb: "Noen stoppet den på terminalen. Spør der, og avslutt deretter dagen én gang til.",
    sv: "Någon stoppade den vid terminalen. Fråga där och avsluta sedan dagen en gång till.",
    da: "Nogen stoppede den ved terminalen. Spørg dér, og afslut derefter dagen én gang til.",
  },
  look: {
    en: "Look at the terminal. When it works, close the day once more, or close it at the terminal.",
    nb: "Se på terminalen. Når den virker, avslutt dagen én gang til, eller avslutt den på terminalen.",
    sv: "Titta på terminalen. När den fungerar, avsluta dagen en gång till eller avsluta den på terminalen.",
    da: "Se på terminalen. Når den virker, så afslut dagen én gang til, eller afslut den på terminalen.",
  },
  readReport: {
    en: "Look at the terminal's last report. Close the day once more only if it is open there.",
    nb: "Se på terminalens siste rapport. Avslutt dagen én gang til bare hvis den er åpen der.",
    sv: "Titta på terminalens senaste rapport. Avsluta dagen en gång till bara om den är öppen där.",
    da: "Se på terminalens seneste rapport. Afslut kun dagen én gang til, hvis den er åben dér.",
  },
  setUp: {
    en: "The terminal is not ready yet. Have it set up, then close the day once more.",
    nb: "Terminalen er ikke klar ennå. Få den satt opp, og avslutt deretter dagen én gang til.",
    sv: "Terminalen är inte klar ännu. Låt ställa in den och avsluta sedan dagen en gång till.",
    da: "Terminalen er ikke klar endnu. Få den sat op, og afslut derefter dagen én gang til.",
  },
  oldDevice: {
    en: "The device that was replaced has sales that are not closed. Close them at that device, or ask the payment provider.",
    nb: "Enheten som ble byttet ut, har salg som ikke er avsluttet. Avslutt dem på den enheten, eller spør betalingsleverandøren.",
    sv: "Enheten som byttes ut har försäljning som inte är avslutad. Avsluta den på den enheten eller fråga betalleverantören.",
    da: "Enheden, der blev udskiftet, har salg, der ikke er afsluttet. Afslut det på den enhed, eller spørg betalingsudbyderen.",
  },
  settlement: {
    en: "The payment system has not confirmed the close yet. Look at the settlement of the day.",
    nb: "Betalingssystemet har ikke bekreftet avslutningen ennå. Se på dagens oppgjør.",
    sv: "Betalningssystemet har inte bekräftat avslutet ännu. Titta på dagens avräkning.",
    da: "Betalingssystemet har ikke bekræftet afslutningen endnu. Se på dagens afregning.",
  },
  nothing: {
    en: "There is nothing to do.",
    nb: "Det er ingenting å gjøre.",
    sv: "Det finns inget att göra.",
    da: "Der er ikke noget at gøre.",
  },
} as const satisfies Record<string, Words>;

const doingOf: Readonly<Record<ClosingStep, keyof typeof doings>> = {
  send_again: "closeAgain",
  send_again_unsure: "closeAgain",
  day_still_open: "closeAgain",
  wait_until_free: "closeAgain",
  close_again: "closeAgain",
  close_the_day: "closeAgain",
  send_again_after_payment: "finishPayment",
  finish_payment: "finishPayment",
  send_again_later: "checkNetwork",
  switch_on: "switchOn",
  bring_back: "switchOn",
  ask_at_terminal: "askThere",
  look_at_terminal: "look",
  update_terminal: "look",
  check_the_close: "readReport",
  read_last_close: "readReport",
  fetch_configuration: "setUp",
  fetch_configuration_first: "setUp",
  pair_terminal: "setUp",
  find_the_batch: "oldDevice",
  check_with_host: "settlement",
  nothing: "nothing",
  wait: "nothing",
};

/** What to do about a terminal when the time to close it is over, for a reader of mail. `stepText` is for those who send requests. */
export function doingText(step: ClosingStep, language: Language): string {
  return doings[doingOf[step]][language];
}
