import { patience } from "../patience.ts";

/**
 * Begins a transaction in which a test holds locks while it looks at others. The server's connections end one that rests for 5 s, which
 * a test may do on a busy machine.
 */
export const beginHeld = `begin; set local idle_in_transaction_session_timeout = ${patience.timeout}`;
