import { type ClosingStep, closingSteps } from "@tillkeeper/contract/closings/states";
import type { Language, Translations } from "./languages.ts";

const translations: Readonly<Record<ClosingStep, Translations>> = {
  send_again: {
    nb: "Send den på nytt hvis den fortsatt trengs.",
    sv: "Skicka den igen om den fortfarande behövs.",
    da: "Send den igen, hvis der stadig er brug for den.",
  },
  send_again_after_payment: {
    nb: "En betaling pågikk på terminalen. Send den på nytt når betalingen er ferdig, eller med `when_busy` satt til `wait`.",
    sv: "En betalning pågick på terminalen. Skicka den igen när betalningen är klar, eller med `when_busy` satt till `wait`.",
    da: "En betaling var i gang på terminalen. Send den igen, når betalingen er færdig, eller med `when_busy` sat til `wait`.",
  },
  send_again_later: {
    nb: "Terminalen nådde ikke det den trenger: betalingssystemet, eller serveren som har filene. Sjekk nettverket, og send den på nytt om noen minutter.",
    sv: "Terminalen nådde inte det den behöver: betalningssystemet, eller servern som har filerna. Kontrollera nätverket och skicka den igen om några minuter.",
    da: "Terminalen kunne ikke nå det, den skal bruge: betalingssystemet eller serveren med filerne. Kontrollér netværket, og send den igen om nogle minutter.",
  },
  send_again_unsure: {
    nb: "Terminalen svarte ikke i tide, så ingen vet ennå om dagen er avsluttet. Send den på nytt: det som er avsluttet, avsluttes ikke to ganger.",
    sv: "Terminalen svarade inte i tid, så ingen vet ännu om dagen är avslutad. Skicka den igen: det som är avslutat avslutas inte två gånger.",
    da: "Terminalen svarede ikke i tide, så ingen ved endnu, om dagen er afsluttet. Send den igen: det, der er afsluttet, afsluttes ikke to gange.",
  },
  switch_on: {
    nb: "Terminalen tok ikke imot kommandoen. Se etter at den er slått på og har nettverk, og send den på nytt.",
    sv: "Terminalen tog inte emot kommandot. Se till att den är påslagen och har nätverk, och skicka det sedan igen.",
    da: "Terminalen tog ikke imod kommandoen. Se efter, at den er tændt og har netværk, og send den så igen.",
  },
  ask_at_terminal: {
    nb: "Noen ved terminalen stoppet den. Spør der, og send den på nytt.",
    sv: "Någon vid terminalen stoppade den. Fråga där och skicka den sedan igen.",
    da: "Nogen ved terminalen stoppede den. Spørg dér, og send den så igen.",
  },
  read_last_close: {
    nb: "Terminalen ble i mellomtiden avsluttet på en annen måte. Se på den avslutningen i listen over operasjoner; send på nytt bare hvis det er solgt noe siden.",
    sv: "Terminalen avslutades under tiden på ett annat sätt. Titta på det avslutet i listan över operationer; skicka igen bara om något har sålts sedan dess.",
    da: "Terminalen blev i mellemtiden afsluttet på en anden måde. Se på den afslutning i listen over operationer; send kun igen, hvis der er solgt noget siden.",
  },
  look_at_terminal: {
    nb: "Terminalen kunne eller ville ikke gjøre det, eller svaret kunne ikke leses; `error` sier kanskje mer. Se på terminalen, og send på nytt når den virker.",
    sv: "Terminalen kunde eller ville inte göra det, eller så gick svaret inte att läsa; `error` kan säga mer. Titta på terminalen och skicka igen när den fungerar.",
    da: "Terminalen kunne eller ville ikke gøre det, eller svaret kunne ikke læses; `error` siger måske mere. Se på terminalen, og send igen, når den virker.",
  },
  check_the_close: {
    nb: "Dagen kan være avsluttet eller ikke. Se på terminalens siste rapport; send på nytt bare hvis dagen er åpen der.",
    sv: "Dagen kan vara avslutad eller inte. Titta på terminalens senaste rapport; skicka igen bara om dagen är öppen där.",
    da: "Dagen kan være afsluttet eller ej. Se på terminalens seneste rapport; send kun igen, hvis dagen er åben dér.",
  },
  day_still_open: {
    nb: "Betalingssystemet avviste avslutningen, så dagen er fortsatt åpen på terminalen. Send den på nytt.",
    sv: "Betalningssystemet avvisade avslutet, så dagen är fortfarande öppen på terminalen. Skicka det igen.",
    da: "Betalingssystemet afviste afslutningen, så dagen er stadig åben på terminalen. Send den igen.",
  },
  update_terminal: {
    nb: "Terminalens program kan ikke gjøre dette. Gjør det på terminalen, eller oppdater programmet.",
    sv: "Terminalens program kan inte göra detta. Gör det på terminalen, eller uppdatera programmet.",
    da: "Terminalens program kan ikke gøre dette. Gør det på terminalen, eller opdater programmet.",
  },
  fetch_configuration: {
    nb: "Terminalen har ingen konfigurasjon ennå. Send `check_update` først; når den er COMPLETED, send denne på nytt.",
    sv: "Terminalen har ingen konfiguration ännu. Skicka `check_update` först; när den är COMPLETED, skicka denna igen.",
    da: "Terminalen har endnu ingen konfiguration. Send `check_update` først; når den er COMPLETED, send denne igen.",
  },
  pair_terminal: {
    nb: "Ingen enhet er paret som denne terminalen ennå. Tast inn paringskoden på enheten først.",
    sv: "Ingen enhet har parats som denna terminal ännu. Ange parningskoden på enheten först.",
    da: "Ingen enhed er parret som denne terminal endnu. Indtast parringskoden på enheden først.",
  },
  wait_until_free: {
    nb: "Terminalen er opptatt med en annen operasjon. Vent så lenge `Retry-After` sier, og send på nytt.",
    sv: "Terminalen är upptagen med en annan operation. Vänta så länge som `Retry-After` säger och skicka sedan igen.",
    da: "Terminalen er optaget af en anden operation. Vent så længe, `Retry-After` siger, og send så igen.",
  },
  nothing: {
    nb: "Terminalen har gjort det likevel; se `late_result`. Det er ikke mer å gjøre.",
    sv: "Terminalen har gjort det ändå; se `late_result`. Det finns inget mer att göra.",
    da: "Terminalen har gjort det alligevel; se `late_result`. Der er ikke mere at gøre.",
  },
  wait: {
    nb: "Vent: serveren avslutter den av seg selv.",
    sv: "Vänta: servern avslutar den av sig själv.",
    da: "Vent: serveren afslutter den af sig selv.",
  },
  bring_back: {
    nb: "Terminalen er ikke tilkoblet. Slå den på og se etter at den har nettverk; den avsluttes så snart den er tilbake.",
    sv: "Terminalen är inte ansluten. Slå på den och se till att den har nätverk; den avslutas så snart den är tillbaka.",
    da: "Terminalen er ikke forbundet. Tænd den, og se efter, at den har netværk; den afsluttes, så snart den er tilbage.",
  },
  finish_payment: {
    nb: "En betaling pågår på terminalen. Gjør den ferdig; deretter avsluttes terminalen.",
    sv: "En betalning pågår på terminalen. Slutför den; därefter avslutas terminalen.",
    da: "En betaling er i gang på terminalen. Gør den færdig; derefter afsluttes terminalen.",
  },
  fetch_configuration_first: {
    nb: "Terminalen har ingen konfigurasjon ennå. Send den `check_update`; deretter avsluttes den.",
    sv: "Terminalen har ingen konfiguration ännu. Skicka `check_update` till den; därefter avslutas den.",
    da: "Terminalen har endnu ingen konfiguration. Send den `check_update`; derefter afsluttes den.",
  },
  close_again: {
    nb: "Det ble solgt noe etter avslutningen. Avslutt butikken én gang til med `again` satt, eller la det være til neste dags avslutning.",
    sv: "Något såldes efter avslutet. Avsluta butiken en gång till med `again` satt, eller låt det vara till nästa dags avslut.",
    da: "Der blev solgt noget efter afslutningen. Afslut butikken én gang til med `again` sat, eller lad det vente til næste dags afslutning.",
  },
  close_the_day: {
    nb: "Den er ikke avsluttet. Avslutt butikken én gang til for å prøve på nytt.",
    sv: "Den är inte avslutad. Avsluta butiken en gång till för att försöka igen.",
    da: "Den er ikke afsluttet. Afslut butikken én gang til for at prøve igen.",
  },
  find_the_batch: {
    nb: "Enheten som ble byttet ut, hadde uavsluttede transaksjoner. Avslutt dem på den enheten, eller be betalingsleverandøren om det.",
    sv: "Enheten som byttes ut hade oavslutade transaktioner. Avsluta dem på den enheten, eller be betalleverantören göra det.",
    da: "Enheden, der blev udskiftet, havde uafsluttede transaktioner. Afslut dem på den enhed, eller bed betalingsudbyderen om det.",
  },
  check_with_host: {
    nb: "Betalingssystemet har ikke bekreftet avslutningen ennå. Se på dagens oppgjør; det er ingenting å sende.",
    sv: "Betalningssystemet har inte bekräftat avslutet ännu. Titta på dagens avräkning; det finns inget att skicka.",
    da: "Betalingssystemet har ikke bekræftet afslutningen endnu. Se på dagens afregning; der er ikke noget at sende.",
  },
};

/** What a person does about a terminal of a closing. The English sentence is the contract's `next_step_text`. */
export function stepText(step: ClosingStep, language: Language): string {
  return language === "en" ? closingSteps[step].text : translations[step][language];
}
