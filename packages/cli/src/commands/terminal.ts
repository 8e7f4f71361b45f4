import { readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { releaseSerial } from "@tillkeeper/server/enrolment/release-serial";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { cliActor } from "../cli-actor.ts";
import { withDatabase } from "../database.ts";

export interface ReleaseOptions {
  serial: string;
  paired?: boolean;
}

/** Frees a serial number that the wrong live account has registered. */
export async function releaseAction({ serial, paired = false }: ReleaseOptions): Promise<void> {
  const found = await withDatabase(readConfig(process.env), async (db) =>
    releaseSerial({ db, clock: await DatabaseClock.open(db.urgent) }, cliActor, { serialNumber: serial, paired }),
  );
  if (!found) {
    throw new StartupError(
      `No live account has a terminal with the serial number ${serial}. On sandbox accounts it blocks none.`,
    );
  }
  if (found.outcome === "in use") {
    throw new StartupError(
      `The terminal ${found.terminalId} has a credential, so its device may be at work; --paired locks that out.`,
    );
  }
  console.log(`The terminal ${found.terminalId} is deleted; any account can register ${serial} now.`);
}
