import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const known = {
  company: "310000019",
  shop: "310010189",
  closedShop: "310020354",
  deleted: "310050865",
  removed: "310061034",
  bankrupt: "310091545",
  windingUp: "310101710",
  abroad: "310111880",
};
export const unknown = "310132225";
export const slow = "310142395";
export const garbage = "310152560";
export const broken = "310162736";
export const elsewhere = "310172979";
export const endless = "310183210";
export const dribbling = "310193458";

/** Invented units in the form that Enhetsregisteret documents (https://data.brreg.no/enhetsregisteret/api/docs). */
const units: Record<string, object> = {
  [`/enheter/${known.company}`]: {
    respons_klasse: "Enhet",
    organisasjonsnummer: known.company,
    navn: "OPPDIKTET HANDEL AS",
    organisasjonsform: { kode: "AS", beskrivelse: "Aksjeselskap" },
    telefon: "22 33 44 55",
    epostadresse: "post@oppdiktet.example",
    hjemmeside: "www.oppdiktet.example",
    forretningsadresse: {
      land: "Norge",
      landkode: "NO",
      postnummer: "0155",
      poststed: "OSLO",
      adresse: ["c/o Kontorfellesskapet", "Oppdiktet gate 1"],
      kommune: "OSLO",
      kommunenummer: "0301",
    },
    konkurs: false,
    underAvvikling: false,
    underTvangsavviklingEllerTvangsopplosning: false,
  },
  [`/underenheter/${known.shop}`]: {
    respons_klasse: "Underenhet",
    organisasjonsnummer: known.shop,
    navn: "OPPDIKTET HANDEL AVD BERGEN",
    overordnetEnhet: known.company,
    mobil: "+47 912 34 567",
    beliggenhetsadresse: {
      land: "Norge",
      landkode: "NO",
      postnummer: "5003",
      poststed: "BERGEN",
      adresse: ["Tenkt allé 2"],
    },
  },
  [`/underenheter/${known.closedShop}`]: {
    organisasjonsnummer: known.closedShop,
    navn: "OPPDIKTET HANDEL AVD VOSS",
    overordnetEnhet: known.company,
    nedleggelsesdato: "2026-01-31",
  },
  [`/enheter/${known.deleted}`]: {
    respons_klasse: "SlettetEnhet",
    organisasjonsnummer: known.deleted,
    navn: "BORTE AS",
    slettedato: "2026-03-01",
  },
  [`/enheter/${known.bankrupt}`]: { organisasjonsnummer: known.bankrupt, navn: "KONKURS AS", konkurs: true },
  [`/enheter/${known.windingUp}`]: { organisasjonsnummer: known.windingUp, navn: "SNART AS", underAvvikling: true },
  [`/enheter/${known.abroad}`]: {
    organisasjonsnummer: known.abroad,
    navn: "ABROAD LTD",
    telefon: "12345",
    forretningsadresse: { landkode: "GB", land: "Storbritannia", adresse: ["1 Nowhere Street"] },
  },
  [`/enheter/${garbage}`]: { organisasjonsnummer: unknown, navn: "NOEN ANNEN AS" },
};

const removed = JSON.stringify({ organisasjonsnummer: known.removed, slettedato: "2026-02-02" });

/** Writes one byte at intervals, without end. */
function answerByteByByte(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), 20);
  response.once("close", () => clearInterval(timer));
}

/** Answers as the register does, and records the requested paths. */
export class FakeRegister {
  readonly asked: string[] = [];
  /** The bytes that the client took of an endless answer, until it closed the connection. */
  endlessBytes = 0;
  readonly closed = Promise.withResolvers<void>();
  readonly #server: Server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/enhetsregisteret/api", "");
    this.asked.push(path);
    const answer = (status: number, body: string) =>
      response.writeHead(status, { "content-type": "application/json;charset=UTF-8" }).end(body);
    if (path.endsWith(slow)) return;
    if (path.endsWith(elsewhere)) return void response.writeHead(302, { location: `/enheter/${known.company}` }).end();
    if (path.endsWith(endless)) return this.#answerWithoutEnd(response);
    if (path.endsWith(dribbling)) return answerByteByByte(response);
    const unit = units[path];
    if (path.endsWith(broken)) answer(200, '{"organisasjonsnummer": ');
    else if (path.endsWith("500")) answer(500, "{}");
    else if (path.endsWith(known.removed)) answer(410, removed);
    else if (unit) answer(200, JSON.stringify(unit));
    else answer(404, "");
  });

  #answerWithoutEnd(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.once("close", () => this.closed.resolve());
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536))) this.endlessBytes += 65_536;
    };
    response.on("drain", more);
    more();
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/enhetsregisteret/api`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
