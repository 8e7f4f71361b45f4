import type { SuiteDevice } from "../device-suite/device.ts";
import type { Drill } from "./drill.ts";

/**
 * What the drill comes to, in this order. The stories meet here: whatever one of them does between `backup` and `restored` is
 * lost, and so it is between `restored` and `again`.
 */
export type Moment =
  /** The backup is made. */
  | "backup"
  /** Most of what gets lost has been done. */
  | "late"
  /** The server hangs, and is lost before it goes on. */
  | "hangs"
  /** Another server runs on the database of the backup, and `tillkeeper restored` has been run. */
  | "restored"
  /** The database is that of the backup once more; servers run, links are up, and nobody is told. */
  | "again";

/** What a story has to do with. */
export interface Play {
  drill: Drill;
  until: (moment: Moment) => Promise<void>;
  /** A device that has not been started. */
  device: (who: { id: string; serial: string }) => SuiteDevice;
  /** A device whose terminal is ACTIVE. */
  activeDevice: () => Promise<SuiteDevice>;
}

export type Story = (play: Play) => Promise<void>;
