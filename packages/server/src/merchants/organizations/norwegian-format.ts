import type { Address } from "@tillkeeper/contract/http/stores";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import type { RegisteredUnit } from "./register.ts";

const OptionalText = Type.Optional(Type.String());
const OptionalFlag = Type.Optional(Type.Boolean());

const UnitAddress = Type.Object({
  adresse: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]))),
  postnummer: OptionalText,
  poststed: OptionalText,
  landkode: OptionalText,
});

/**
 * The fields that are read of a unit in the Norwegian register (https://data.brreg.no/enhetsregisteret/api/docs). What a
 * unit does not have is left out. A main unit has a business address, a sub-unit the address of the place itself.
 */
const Unit = Type.Object({
  organisasjonsnummer: Type.String(),
  navn: Type.String(),
  overordnetEnhet: OptionalText,
  forretningsadresse: Type.Optional(UnitAddress),
  beliggenhetsadresse: Type.Optional(UnitAddress),
  epostadresse: OptionalText,
  telefon: OptionalText,
  mobil: OptionalText,
  hjemmeside: OptionalText,
  slettedato: OptionalText,
  nedleggelsesdato: OptionalText,
  konkurs: OptionalFlag,
  underAvvikling: OptionalFlag,
  underTvangsavviklingEllerTvangsopplosning: OptionalFlag,
});
const unitForm = Compile(Unit);

/** `undefined` when this is not what the register documents about the unit of this number. */
export function readUnit(answer: unknown, organizationNumber: string): RegisteredUnit | undefined {
  if (!unitForm.Check(answer)) return undefined;
  const unit: Static<typeof Unit> = answer;
  if (unit.organisasjonsnummer !== organizationNumber) return undefined;
  return {
    organizationNumber,
    name: unit.navn,
    parentNumber: unit.overordnetEnhet ?? null,
    address: readAddress(unit.beliggenhetsadresse ?? unit.forretningsadresse),
    email: unit.epostadresse ?? null,
    phoneNumber: readPhoneNumber(unit.telefon) ?? readPhoneNumber(unit.mobil),
    website: unit.hjemmeside ?? null,
    dissolved: isDissolved(unit),
  };
}

/** All that is known of a unit that the register does not show any more. */
export function removedUnit(organizationNumber: string): RegisteredUnit {
  return {
    organizationNumber,
    name: "",
    parentNumber: null,
    address: null,
    email: null,
    phoneNumber: null,
    website: null,
    dissolved: true,
  };
}

function isDissolved(unit: Static<typeof Unit>): boolean {
  return (
    unit.slettedato !== undefined ||
    unit.nedleggelsesdato !== undefined ||
    unit.konkurs === true ||
    unit.underAvvikling === true ||
    unit.underTvangsavviklingEllerTvangsopplosning === true
  );
}

/** `null` when the register lacks what our addresses cannot be without. */
function readAddress(address: Static<typeof UnitAddress> | undefined): Address | null {
  const [line, ...more] = (address?.adresse ?? []).filter((text) => text !== null && text.trim() !== "") as string[];
  if (!line || !address?.poststed || !address.landkode) return null;
  return {
    address_line: line,
    ...(more.length > 0 && { address_line_2: more.join(", ") }),
    ...(address.postnummer && { postal_code: address.postnummer }),
    postal_place: address.poststed,
    country: address.landkode,
  };
}

/** The register keeps numbers as they were typed: with blanks, mostly without a country. */
function readPhoneNumber(text: string | undefined): string | null {
  const compact = (text ?? "").replace(/[\s()-]/g, "").replace(/^00/, "+");
  if (/^\+[1-9]\d{6,14}$/.test(compact)) return compact;
  return /^[2-9]\d{7}$/.test(compact) ? `+47${compact}` : null;
}
