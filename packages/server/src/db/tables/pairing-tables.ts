import type { PairingCodeStatus } from "@tillkeeper/contract/pairing";
import type { ColumnType } from "kysely";

/** How devices become terminals: docs/adr/0014-pairing-and-device-tokens.md. */
export interface PairingTables {
  /** Of proofs that were accepted. */
  used_nonces: { account_id: string; id: string; expires_at: Date };
  pairing_codes: {
    account_id: string;
    id: string;
    terminal_id: string;
    device_serial_number: string;
    code_hash: Buffer;
    reference: string | null;
    status: PairingCodeStatus;
    created_at: Date;
    created_by: string;
    expires_at: Date;
    used_at: Date | null;
    key_thumbprint: string | null;
    failed_attempts: number;
    /** Tries by network. */
    wrong_tries_from: ColumnType<Record<string, number>, string | undefined, string>;
  };
  /** The devices that terminals were, not the ones that they are. */
  terminal_devices: {
    account_id: string;
    id: string;
    terminal_id: string;
    device_serial_number: string;
    device_model: string | null;
    used_from: Date;
    used_until: Date;
    replaced_by: string;
  };
}
