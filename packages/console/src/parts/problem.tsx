import { Trans } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { Note } from "./note.tsx";

/** An error for people: its text, the next step, and the id by which the server's log has it. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <Note tone="bad" alert>
      <div className="stack">
        <div>
          <p>
            <strong>
              <ProblemText error={error} />
            </strong>
          </p>
          <p>
            <NextStep error={error} />
          </p>
          <RequestId error={error} />
        </div>
        {onRetry && (
          <div>
            <Button variant="default" onClick={onRetry}>
              <Trans>Try again</Trans>
            </Button>
          </div>
        )}
      </div>
    </Note>
  );
}

function ProblemText({ error }: { error: unknown }) {
  if (!(error instanceof TillkeeperError)) return <Trans>Something went wrong on this page.</Trans>;
  if (error.code === "network_error" || error.code === "timeout") return <Trans>The server did not answer.</Trans>;
  const places = error.errors.map(({ message }) => message).filter((message) => message !== error.message);
  return [error.message, ...places].join(" ");
}

function NextStep({ error }: { error: unknown }) {
  if (!(error instanceof TillkeeperError)) return <Trans>Load the page again.</Trans>;
  const { status, code, retryAfterSeconds: seconds } = error;
  if (code === "network_error" || code === "timeout") return <Trans>Check the network, then try again.</Trans>;
  if (seconds !== undefined) return <Trans>Wait {seconds} seconds, then try again.</Trans>;
  if (status === 401) return <Trans>Sign in again.</Trans>;
  if (status === 403) return <Trans>Ask an administrator of the account for the right to do this.</Trans>;
  if (status === 404) return <Trans>It may have been removed. Go back and look for it there.</Trans>;
  if (status === 412 || status === 409) return <Trans>Look at how it stands now, then try again.</Trans>;
  if (status !== undefined && status >= 500)
    return <Trans>Try again. If it stays, tell whoever runs the server.</Trans>;
  return <Trans>Correct what is named here, then try again.</Trans>;
}

function RequestId({ error }: { error: unknown }) {
  if (!(error instanceof TillkeeperError) || error.requestId === undefined) return null;
  return (
    <p>
      <small>
        <Trans>
          Request <code>{error.requestId}</code>
        </Trans>
      </small>
    </p>
  );
}
