import type { ClosingReason, ClosingState, ClosingTerminalState } from "@tillkeeper/contract/closings/states";
import type { Words } from "./languages.ts";

/** Why a terminal stands where it stands, in a few words behind its state. */
export const reasonWords: Readonly<Record<ClosingReason, Words>> = {
  unreachable: { en: "not reached", nb: "ikke nådd", sv: "inte nådd", da: "ikke nået" },
  not_delivered: {
    en: "the command did not arrive",
    nb: "kommandoen kom ikke fram",
    sv: "kommandot kom inte fram",
    da: "kommandoen nåede ikke frem",
  },
  no_answer: { en: "no answer in time", nb: "ikke svar i tide", sv: "inget svar i tid", da: "intet svar i tide" },
  invalid_result: {
    en: "its answer could not be read",
    nb: "svaret kunne ikke leses",
    sv: "svaret gick inte att läsa",
    da: "svaret kunne ikke læses",
  },
  busy_payment: {
    en: "a payment was going on",
    nb: "en betaling pågikk",
    sv: "en betalning pågick",
    da: "en betaling var i gang",
  },
  refused: { en: "the terminal refused", nb: "terminalen nektet", sv: "terminalen vägrade", da: "terminalen nægtede" },
  unsupported: {
    en: "the terminal cannot do it",
    nb: "terminalen kan ikke gjøre det",
    sv: "terminalen kan inte göra det",
    da: "terminalen kan ikke gøre det",
  },
  user_aborted: {
    en: "stopped at the terminal",
    nb: "stoppet på terminalen",
    sv: "stoppad vid terminalen",
    da: "stoppet ved terminalen",
  },
  device_error: { en: "fault of the device", nb: "feil på enheten", sv: "fel på enheten", da: "fejl på enheden" },
  host_unreachable: {
    en: "the payment host was not reached",
    nb: "betalingssystemet ble ikke nådd",
    sv: "betalningssystemet nåddes inte",
    da: "betalingssystemet blev ikke nået",
  },
  cancelled: { en: "cancelled", nb: "avbrutt", sv: "avbruten", da: "annulleret" },
  expired: {
    en: "the command came too late",
    nb: "kommandoen kom for sent",
    sv: "kommandot kom för sent",
    da: "kommandoen kom for sent",
  },
  out_of_step: {
    en: "another close came before",
    nb: "en annen avslutning kom før",
    sv: "ett annat avslut kom före",
    da: "en anden afslutning kom før",
  },
  storage_failed: {
    en: "the device's storage is full",
    nb: "enhetens lager er fullt",
    sv: "enhetens lagring är full",
    da: "enhedens lager er fuldt",
  },
  closing: {
    en: "the close is under way",
    nb: "avslutningen pågår",
    sv: "avslutet pågår",
    da: "afslutningen er i gang",
  },
  closing_by_another: {
    en: "somebody else's close is under way",
    nb: "en annens avslutning pågår",
    sv: "någon annans avslut pågår",
    da: "en andens afslutning er i gang",
  },
  busy: { en: "busy", nb: "opptatt", sv: "upptagen", da: "optaget" },
  away: { en: "not connected", nb: "ikke tilkoblet", sv: "inte ansluten", da: "ikke forbundet" },
  not_ready: {
    en: "no configuration yet",
    nb: "ingen konfigurasjon ennå",
    sv: "ingen konfiguration ännu",
    da: "endnu ingen konfiguration",
  },
  never_paired: { en: "never paired", nb: "aldri paret", sv: "aldrig parad", da: "aldrig parret" },
  empty: { en: "nothing was sold", nb: "ingenting solgt", sv: "inget såldes", da: "intet solgt" },
  closed_at_terminal: {
    en: "closed at the terminal",
    nb: "avsluttet på terminalen",
    sv: "avslutad vid terminalen",
    da: "afsluttet ved terminalen",
  },
  closed_by_another: {
    en: "closed by somebody else",
    nb: "avsluttet av en annen",
    sv: "avslutad av någon annan",
    da: "afsluttet af en anden",
  },
  closed_later: {
    en: "closed after the day had ended",
    nb: "avsluttet etter at dagen var over",
    sv: "avslutad efter dagens slut",
    da: "afsluttet efter dagens slutning",
  },
  unconfirmed: {
    en: "not confirmed by the payment host yet",
    nb: "ikke bekreftet av betalingssystemet ennå",
    sv: "inte bekräftat av betalningssystemet ännu",
    da: "endnu ikke bekræftet af betalingssystemet",
  },
  declined: {
    en: "declined by the payment host",
    nb: "avvist av betalingssystemet",
    sv: "avvisat av betalningssystemet",
    da: "afvist af betalingssystemet",
  },
  moved: {
    en: "belongs to another store now",
    nb: "hører til en annen butikk nå",
    sv: "hör till en annan butik nu",
    da: "hører nu til en anden butik",
  },
  deleted: { en: "deleted", nb: "slettet", sv: "borttagen", da: "slettet" },
  not_asked: { en: "not asked for", nb: "ikke bedt om", sv: "inte begärd", da: "ikke bedt om" },
  unknown_end: {
    en: "nobody knows how the close ended",
    nb: "ingen vet hvordan avslutningen endte",
    sv: "ingen vet hur avslutet slutade",
    da: "ingen ved, hvordan afslutningen endte",
  },
  device_replaced: {
    en: "the device was replaced with open transactions",
    nb: "enheten ble byttet med åpne transaksjoner",
    sv: "enheten byttes med öppna transaktioner",
    da: "enheden blev udskiftet med åbne transaktioner",
  },
};

/** Where a terminal stands. */
export const terminalStateWords: Readonly<Record<ClosingTerminalState, Words>> = {
  closed: { en: "Closed", nb: "Avsluttet", sv: "Avslutad", da: "Afsluttet" },
  already_closed: { en: "Closed before", nb: "Avsluttet før", sv: "Avslutad tidigare", da: "Afsluttet tidligere" },
  waiting: { en: "Waiting", nb: "Venter", sv: "Väntar", da: "Venter" },
  failed: { en: "Not closed", nb: "Ikke avsluttet", sv: "Inte avslutad", da: "Ikke afsluttet" },
  unknown: { en: "Unknown", nb: "Ukjent", sv: "Okänt", da: "Ukendt" },
  not_needed: { en: "Not needed", nb: "Ikke nødvendig", sv: "Behövs inte", da: "Ikke nødvendig" },
};

/** How a closing stands, as a sentence. */
export const closingStateWords: Readonly<Record<ClosingState, Words>> = {
  running: {
    en: "Terminals are still waiting to be closed.",
    nb: "Terminaler venter fortsatt på å bli avsluttet.",
    sv: "Terminaler väntar fortfarande på att avslutas.",
    da: "Terminaler venter stadig på at blive afsluttet.",
  },
  closed: {
    en: "Every terminal that had something to close is closed.",
    nb: "Alle terminaler som hadde noe å avslutte, er avsluttet.",
    sv: "Alla terminaler som hade något att avsluta är avslutade.",
    da: "Alle terminaler, der havde noget at afslutte, er afsluttet.",
  },
  partly_closed: {
    en: "Not every terminal is closed.",
    nb: "Ikke alle terminaler er avsluttet.",
    sv: "Inte alla terminaler är avslutade.",
    da: "Ikke alle terminaler er afsluttet.",
  },
  unknown: {
    en: "Of some terminals nobody knows whether they are closed.",
    nb: "For noen terminaler vet ingen om de er avsluttet.",
    sv: "För vissa terminaler vet ingen om de är avslutade.",
    da: "For nogle terminaler ved ingen, om de er afsluttet.",
  },
  nothing_to_close: {
    en: "There was nothing to close.",
    nb: "Det var ingenting å avslutte.",
    sv: "Det fanns inget att avsluta.",
    da: "Der var intet at afslutte.",
  },
};
