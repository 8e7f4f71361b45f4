import { Trans } from "@lingui/react/macro";

/** What people call a terminal: by its number in the account, with the serial number that stands on the device. */
export function TerminalName({ id, serial }: { id: string; serial?: string | undefined }) {
  const number = numberOf(id);
  return (
    <span>
      <strong>
        <Trans>Terminal {number}</Trans>
      </strong>
      {serial !== undefined && (
        <>
          <br />
          <small className="dimmed">{serial}</small>
        </>
      )}
    </span>
  );
}

/** The number at the end of a terminal's id, without the zeros before it. */
export function numberOf(id: string): string {
  return /T0*(\d+)$/.exec(id)?.[1] ?? id;
}
