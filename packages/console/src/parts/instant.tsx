import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { dateFormat, plainDates, tagOf } from "../app/formats.ts";
import { shownLanguage } from "../app/language.ts";
import classes from "./instant.module.css";

interface InstantProps {
  at: string;
  /** The time zone of the store. */
  zone: string;
  /** Shows the date as well. It is always shown when the instant is of another day than now. */
  date?: boolean;
}

/** A moment in the store's time zone. Pressed, it shows the same moment in UTC. */
export function Instant({ at, zone, date }: InstantProps) {
  const { t } = useLingui();
  const [inUtc, setInUtc] = useState(false);
  const utc = `${instantText(at, "UTC", true)} UTC`;
  return (
    <button
      type="button"
      className={classes["instant"]}
      aria-pressed={inUtc}
      title={inUtc ? t`Show it in the store's time (${zone})` : t`In UTC: ${utc}`}
      onClick={() => setInUtc(!inUtc)}
    >
      <time dateTime={at}>{inUtc ? utc : instantText(at, zone, date ?? !isToday(at, zone))}</time>
    </button>
  );
}

/** A moment as text in a time zone. */
function instantText(at: string, zone: string, withDate: boolean): string {
  return dateFormat(tagOf(shownLanguage()), {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    ...(withDate && { day: "numeric", month: "short" }),
  }).format(new Date(at));
}

/** A business day as text: "Thursday 26 November". */
export function dayText(day: string, withYear = false): string {
  return dateFormat(tagOf(shownLanguage()), {
    timeZone: "UTC",
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(withYear && { year: "numeric" }),
  }).format(new Date(`${day}T12:00:00Z`));
}

/** The time zone of the person's device: for screens that show more than one store. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function isToday(at: string, zone: string): boolean {
  const dayOf = (date: Date) => dateFormat(plainDates, { timeZone: zone, dateStyle: "short" }).format(date);
  return dayOf(new Date(at)) === dayOf(new Date());
}
