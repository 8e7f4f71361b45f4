import type { SessionClient } from "@tillkeeper/sdk";

/** The configuration of a store, as the API shows it. */
export type Configuration = Awaited<ReturnType<SessionClient["stores"]["getConfiguration"]>>;
