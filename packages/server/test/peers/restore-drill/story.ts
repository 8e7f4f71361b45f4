import type { SuiteDevice } from "../device-suite/device.ts";
import type { Drill } from "./drill.ts";

/**
 * The moments of the drill, in this order, at which all stories wait. All work between `backup` and `restored` is
 * lost, and so is the work between `restored` and `again`.
 */
export type Moment =
  /** The backup is made. */
  | "backup"
  /** A story has done most of the work that will be lost. */
  | "late"
  /** The server hangs, and is lost before it goes on. */
  | "hangs"
  /** Another server runs on the database of the backup, after `tillkeeper restored`. */
  | "restored"
  /**
   * The database is that of the backup once more. Servers still run, links are up, and no operator has run
   * `tillkeeper restored`.
   */
  | "again";

/** The drill, its moments and its devices, for one story. */
export interface Play {
  drill: Drill;
  until: (moment: Moment) => Promise<void>;
  /** Makes a device without starting its program. */
  device: (who: { id: string; serial: string }) => SuiteDevice;
  /** Starts a device, and waits until its terminal is ACTIVE. */
  activeDevice: () => Promise<SuiteDevice>;
}

export type Story = (play: Play) => Promise<void>;
