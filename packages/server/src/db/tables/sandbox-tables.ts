import type { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { ColumnType, Generated } from "kysely";
import type { Json } from "./json-column.ts";

/** docs/adr/0044-sandbox-controls.md. */
export interface SandboxTables {
  virtual_terminal_controls: {
    account_id: string;
    terminal_id: string;
    controls: Json<TerminalControls>;
    until: Date | null;
    version: ColumnType<string, string | undefined, string>;
    in_force_version: ColumnType<string, never, string>;
  };
  virtual_terminal_actions: {
    account_id: string;
    terminal_id: string;
    id: string;
    number: ColumnType<string, never, never>;
    kind: "purchase" | "refund" | "close";
    amount: ColumnType<string, number, never>;
    tip: ColumnType<string, number, never>;
    happened_at: Date | null;
    done: Generated<boolean>;
    result: ColumnType<EndOfDayResult | null, string | undefined, string | null>;
  };
  virtual_terminal_leases: {
    account_id: string;
    terminal_id: string;
    server_id: string;
    leased_until: Date;
    /** Set by the server that holds the lease. */
    address: string | null;
  };
}
