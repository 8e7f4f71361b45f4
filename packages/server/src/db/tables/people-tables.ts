import type { Role } from "@tillkeeper/contract/roles";
import type { ColumnType, Generated } from "kysely";

type Language = "en" | "nb" | "sv" | "da";
type Later<T> = ColumnType<T | null, null | undefined, T | null>;

/** Tables of people who sign in: docs/adr/0045-people.md, docs/adr/0051-sign-in.md. */
export interface PeopleTables {
  people: {
    id: string;
    /** In lower case. */
    email: string;
    name: string;
    language: Language | null;
    password_hash: string;
    created_at: Date;
  };
  account_users: {
    account_id: string;
    id: string;
    email: string;
    name: string;
    role: Role;
    /** The generated ids of the stores that the role `store` is limited to. */
    stores: string[] | null;
    language: Language | null;
    person_id: Later<string>;
    accepted_at: Later<Date>;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
    removed_at: Later<Date>;
  };
  sign_in_links: {
    account_id: string;
    user_id: string;
    token_sha256: Buffer;
    purpose: "invitation" | "reset" | "sign_in";
    created_at: Date;
    expires_at: Date;
    used_at: Later<Date>;
  };
  person_totp: {
    person_id: string;
    encrypted_secret: string;
    started_at: Date;
    confirmed_at: Later<Date>;
    /** A bigint, which the driver reads as a text. */
    last_step: Later<string>;
    /** How many codes were tried since one was accepted. */
    tries: Generated<number>;
  };
  authorizations: {
    id: string;
    session_id: string;
    grant_id: string;
    redirect_uri: string;
    code_challenge: string;
    scopes: string[];
    code_sha256: Buffer;
    code_expires_at: Date;
    token_sha256: Later<Buffer>;
    token_expires_at: Later<Date>;
    created_at: Date;
    ended_at: Later<Date>;
  };
  person_recovery_codes: {
    person_id: string;
    code_sha256: Buffer;
    used_at: Later<Date>;
  };
  person_identities: {
    issuer: string;
    subject: string;
    person_id: string;
    created_at: Date;
  };
  sign_in_flows_used: {
    state_sha256: Buffer;
    used_at: Date;
  };
  sessions: {
    id: string;
    person_id: string;
    token_sha256: Buffer;
    created_at: Date;
    seen_at: Date;
    expires_at: Date;
    ended_at: Later<Date>;
    address: string;
    network: string;
    user_agent: string;
  };
}
