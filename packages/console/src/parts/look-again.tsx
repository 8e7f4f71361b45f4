import { Trans } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { Instant, ownZone } from "./instant.tsx";

/** For what no event tells of: when it was read, and a button that reads it anew. */
export function LookAgain({ of }: { of: Pick<UseQueryResult, "dataUpdatedAt" | "isFetching" | "refetch"> }) {
  return (
    <div className="row">
      <Button variant="default" loading={of.isFetching} onClick={() => void of.refetch()}>
        <Trans>Look again</Trans>
      </Button>
      {of.dataUpdatedAt > 0 && (
        <span className="dimmed">
          <Trans>
            As of <Instant at={new Date(of.dataUpdatedAt).toISOString()} zone={ownZone()} />.
          </Trans>
        </span>
      )}
    </div>
  );
}
