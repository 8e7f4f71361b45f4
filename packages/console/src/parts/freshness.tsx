import { Trans } from "@lingui/react/macro";
import { Instant } from "./instant.tsx";
import { useIsOffline, useLiveState } from "./live.tsx";
import { Note } from "./note.tsx";

interface FreshnessProps {
  /** When the oldest shown answer was read, in epoch milliseconds. */
  readAt: number;
  zone: string;
  /** The last attempt to read it anew failed. */
  failed?: boolean;
}

/** Says how old the screen is when it does not follow what happens. Nothing while it does. */
export function Freshness({ readAt, zone, failed = false }: FreshnessProps) {
  const offline = useIsOffline();
  const live = useLiveState();
  if (!offline && !failed && live !== "lost") return null;
  const at = <Instant at={new Date(readAt).toISOString()} zone={zone} />;
  return (
    <Note tone="doubt">
      <div role="status">
        {offline ? (
          <Trans>You are offline. This is how it stood at {at}.</Trans>
        ) : (
          <Trans>The connection to the server is lost. This is how it stood at {at}. It is being tried again.</Trans>
        )}
      </div>
    </Note>
  );
}
