import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { endSession, ownSessionsQuery } from "../../api/people.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { Read } from "../../parts/read.tsx";
import { State } from "../../parts/state.tsx";

/** Where the person is signed in. The session of this browser ends by signing out. */
export function OwnSessions() {
  const { t } = useLingui();
  const listed = useQuery(ownSessionsQuery);
  const end = async (id: string) => {
    await endSession(id);
    await queryClient.invalidateQueries({ queryKey: ownSessionsQuery.queryKey });
  };
  return (
    <section className="stack" aria-labelledby="sessions">
      <h2 id="sessions">
        <Trans>Where you are signed in</Trans>
      </h2>
      <Read of={listed}>
        {(sessions) => (
          <DataTable
            caption={t`Where you are signed in`}
            rows={sessions}
            rowKey={({ id }) => id}
            empty={<Trans>Nowhere.</Trans>}
            columns={[
              { key: "browser", title: t`Browser`, cell: ({ user_agent: browser }) => browser || "–" },
              { key: "address", title: t`Address`, cell: ({ address }) => address },
              {
                key: "since",
                title: t`Since`,
                cell: ({ created_at: at }) => <Instant at={at} zone={ownZone()} date />,
              },
              {
                key: "seen",
                title: t`Last used`,
                cell: ({ last_seen_at: at }) => <Instant at={at} zone={ownZone()} date />,
              },
              {
                key: "end",
                title: t`End`,
                cell: ({ id, current, user_agent: browser }) =>
                  current ? (
                    <State tone="good">
                      <Trans>This one</Trans>
                    </State>
                  ) : (
                    <Action label={t`End the session of ${browser}`} run={() => end(id)}>
                      <Trans>End</Trans>
                    </Action>
                  ),
              },
            ]}
          />
        )}
      </Read>
    </section>
  );
}
