import { Plural, Trans } from "@lingui/react/macro";
import type { Closing, ClosingPreview } from "@tillkeeper/sdk";
import type { ReactNode } from "react";
import type { Configuration } from "../../closings/types.ts";
import { Instant } from "../../parts/instant.tsx";
import classes from "./today.module.css";

interface HeadlineProps {
  preview: ClosingPreview;
  closing: Closing | undefined;
  configuration: Configuration;
  zone: string;
}

/** How the day stands, in one sentence; below it, what happens by itself. */
export function Headline({ preview, closing, configuration, zone }: HeadlineProps) {
  return (
    <div className="stack">
      <p className={classes["sentence"]} role="status">
        {closing ? <OfClosing closing={closing} /> : <OfPreview preview={preview} zone={zone} />}
      </p>
      <p className={`dimmed ${classes["under"]}`}>
        {closing ? (
          <AfterClosing closing={closing} zone={zone} />
        ) : (
          <Autopilot configuration={configuration} zone={zone} />
        )}
      </p>
    </div>
  );
}

function OfClosing({ closing: { state, counts, terminals } }: { closing: Closing }): ReactNode {
  const closed = counts.closed + counts.already_closed;
  const all = terminals.length - counts.not_needed;
  const open = counts.failed + counts.unknown;
  const again = terminals.filter(({ open_again }) => open_again).length;
  switch (state) {
    case "running":
      return (
        <Trans>
          {closed} of {all} closed. <Plural value={counts.waiting} one="# terminal is" other="# terminals are" /> still
          being closed.
        </Trans>
      );
    case "closed":
      return again > 0 ? (
        <Trans>
          Everything was closed, and <Plural value={again} one="# terminal" other="# terminals" /> sold since.
        </Trans>
      ) : (
        <Trans>Everything is closed. There is nothing to do.</Trans>
      );
    case "partly_closed":
      return (
        <Trans>
          {closed} of {all} closed. <Plural value={open} one="# terminal needs you." other="# terminals need you." />
        </Trans>
      );
    case "unknown":
      return (
        <Trans>
          {closed} of {all} closed.{" "}
          <Plural value={open} one="Of # terminal nobody knows yet." other="Of # terminals nobody knows yet." />
        </Trans>
      );
    default:
      return <Trans>There is nothing to close.</Trans>;
  }
}

function OfPreview({ preview, zone }: { preview: ClosingPreview; zone: string }) {
  const { transactions_count: count, oldest_at: oldest, silent_count: silent } = preview;
  if (count === 0 && silent === 0) return <Trans>There is nothing to close.</Trans>;
  if (count === 0)
    return (
      <Trans>
        The day is not closed. <Plural value={silent} one="# terminal does" other="# terminals do" /> not tell what is
        open.
      </Trans>
    );
  if (oldest === undefined)
    return (
      <Trans>
        The day is not closed. <Plural value={count} one="# payment is" other="# payments are" /> open.
      </Trans>
    );
  const since = <Instant at={oldest} zone={zone} />;
  return (
    <Trans>
      The day is not closed. <Plural value={count} one="# payment is" other="# payments are" /> open, since {since}.
    </Trans>
  );
}

function AfterClosing({ closing, zone }: { closing: Closing; zone: string }) {
  const { state, retry_until: until, ended_at: ended, corrected_at: corrected } = closing;
  if (state === "running")
    return (
      <Trans>
        You may leave this page: the server goes on by itself until <Instant at={until} zone={zone} />.
      </Trans>
    );
  if (corrected !== undefined)
    return (
      <Trans>
        A terminal answered late: corrected at <Instant at={corrected} zone={zone} />.
      </Trans>
    );
  if (ended === undefined) return null;
  return (
    <Trans>
      Ended at <Instant at={ended} zone={zone} />.
    </Trans>
  );
}

function Autopilot({
  configuration: { autopilot, auto_end_of_day },
  zone,
}: {
  configuration: Configuration;
  zone: string;
}) {
  const next = autopilot?.next;
  if (!auto_end_of_day.enabled || next === undefined) return <Trans>It does not close by itself.</Trans>;
  return (
    <Trans>
      Closes by itself at <Instant at={next.at} zone={zone} />.
    </Trans>
  );
}
