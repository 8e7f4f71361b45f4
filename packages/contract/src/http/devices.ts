import { type Static, Type } from "typebox";
import { DeviceAddress } from "../addresses.ts";
import { limits } from "../limits.ts";
import { Memory, ReceiptMessage } from "../mqtt/messages.ts";
import { PairingCodeStatus, pairingLimits } from "../pairing.ts";
import { Time, Uuid } from "../scalars.ts";
import { FreeText } from "../texts.ts";
import { DeviceModel, DeviceSerialNumber, PairingReference, Terminal } from "./terminals.ts";

/** A pairing code, shown once. */
export const Pairing = Type.Object({
  code: Type.String({ description: "To be typed into the device; shown here once.", examples: ["7K3M-92XD"] }),
  qr_text: Type.String({
    description: "For a QR code that the device scans: the server's address, the serial number and the code.",
    examples: ["tillkeeper:pair?server=https%3A%2F%2Fpos.example.com&serial=123456789012&code=7K3M-92XD"],
  }),
  expires_at: Time,
  reference: Type.Optional(PairingReference),
});
export type Pairing = Static<typeof Pairing>;

/** A terminal together with the code that its device pairs with; virtual terminals have none. */
export const TerminalWithPairing = Type.Object({ ...Terminal.properties, pairing: Type.Optional(Pairing) });
export type TerminalWithPairing = Static<typeof TerminalWithPairing>;

export const PairingCodeCreate = Type.Object(
  {
    reference: Type.Optional(PairingReference),
    expires_in: Type.Optional(
      Type.Integer({
        minimum: pairingLimits.codeSecondsMin,
        maximum: pairingLimits.codeSecondsMax,
        description: `Seconds; ${pairingLimits.codeSecondsDefault} when left out.`,
      }),
    ),
  },
  { additionalProperties: false },
);
export type PairingCodeCreate = Static<typeof PairingCodeCreate>;

/** A pairing code and its status; the code itself is not shown again. */
export const PairingCode = Type.Object({
  id: Uuid,
  reference: Type.Optional(PairingReference),
  status: PairingCodeStatus,
  device_serial_number: Type.String(),
  created_at: Time,
  created_by: Type.String(),
  expires_at: Time,
  used_at: Type.Optional(Time),
  failed_attempts: Type.Integer({ description: "How many times a device sent a wrong code." }),
  key_thumbprint: Type.Optional(
    Type.String({
      description: "Thumbprint of the public key that the device paired with (RFC 7638, SHA-256, base64url).",
    }),
  ),
});
export type PairingCode = Static<typeof PairingCode>;
export const PairingCodeList = Type.Array(PairingCode);

/** The device that replaces a terminal's present one. */
export const DeviceReplacement = Type.Object(
  {
    device_serial_number: DeviceSerialNumber,
    device_model: Type.Optional(DeviceModel),
    pairing_reference: Type.Optional(PairingReference),
  },
  { additionalProperties: false, examples: [{ device_serial_number: "123456789013" }] },
);
export type DeviceReplacement = Static<typeof DeviceReplacement>;

/** The present device of a terminal, or a former one. */
export const TerminalDevice = Type.Object({
  device_serial_number: Type.String(),
  device_model: Type.Optional(Type.String()),
  from: Time,
  until: Type.Optional(Type.String({ format: "date-time", description: "Absent for the present device." })),
  replaced_by: Type.Optional(Type.String({ description: "Who replaced it by another device." })),
});
export type TerminalDevice = Static<typeof TerminalDevice>;
export const TerminalDeviceList = Type.Array(TerminalDevice);

export const DeviceNonce = Type.Object({ nonce: Type.String(), expires_at: Time, server_time: Time });
export type DeviceNonce = Static<typeof DeviceNonce>;

const Proof = Type.String({
  minLength: 1,
  maxLength: pairingLimits.proofCharacters,
  description: "A compact JWS by the device's own key; see the device protocol.",
});

/** What a device sends to become a terminal. */
export const PairRequest = Type.Object(
  {
    device_serial_number: DeviceSerialNumber,
    code: Type.String({ minLength: 1, maxLength: 32, examples: ["7K3M-92XD"] }),
    proof: Proof,
    agent: Type.Optional(
      FreeText({ minLength: 1, maxLength: 100, description: "Name and version of the device's program." }),
    ),
  },
  { additionalProperties: false },
);
export type PairRequest = Static<typeof PairRequest>;

/** A paired device's request for a new token. Exactly one of `terminal_id` and `device_serial_number` identifies it. */
export const DeviceTokenRequest = Type.Object(
  {
    terminal_id: Type.Optional(Type.String({ minLength: 1, maxLength: 64, examples: ["T12345678-T0001"] })),
    device_serial_number: Type.Optional(DeviceSerialNumber),
    token: Type.Optional(
      Type.String({
        maxLength: 4096,
        description:
          "The last token that the device got. If the server's database went back to an earlier moment, it shows which address is the latest.",
      }),
    ),
    memory_lost: Type.Optional(
      Type.Boolean({
        description:
          "The device has lost its journal, or part of it. It gets another address, and begins a new journal there.",
      }),
    ),
    proof: Proof,
  },
  { additionalProperties: false },
);
export type DeviceTokenRequest = Static<typeof DeviceTokenRequest>;

/** The rest of a replaced device's log, in order. */
export const DeviceResultsRequest = Type.Object(
  {
    address: DeviceAddress,
    results: Type.Array(Type.Unknown({ description: "A message as on the channel `result` of the device protocol." }), {
      minItems: 1,
      maxItems: limits.longPollMessages,
    }),
    proof: Proof,
  },
  { additionalProperties: false },
);
export type DeviceResultsRequest = Static<typeof DeviceResultsRequest>;

/** One receipt for each result, in order. `memory`: how far the server holds the log after them. */
export const DeviceResultsAnswer = Type.Object({ receipts: Type.Array(ReceiptMessage), memory: Memory });
export type DeviceResultsAnswer = Static<typeof DeviceResultsAnswer>;

/** The credential of a paired device: the password of its MQTT connections, the bearer token of its HTTPS requests. */
export const DeviceToken = Type.Object({
  terminal_id: Type.String(),
  address: DeviceAddress,
  account_id: Type.String(),
  store_id: Type.String(),
  reference: Type.Optional(PairingReference),
  token: Type.String(),
  token_type: Type.Literal("Bearer"),
  expires_in: Type.Integer({ description: "Seconds from now." }),
  mqtt_url: Type.String(),
  mqtt_username: Type.String({ description: "The address." }),
  mqtt_password: Type.String({ description: "The token, or what the broker takes in its place." }),
  mqtt_client_id: Type.String(),
  https_url: Type.String(),
  server_time: Time,
});
export type DeviceToken = Static<typeof DeviceToken>;
