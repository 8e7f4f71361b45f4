import { Trans, useLingui } from "@lingui/react/macro";
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { timelineQuery } from "../../api/queries.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Read } from "../../parts/read.tsx";

interface TimelineProps {
  account: string;
  /** The generated id of the terminal's store: by it events find what they make old. */
  store: string;
  terminal: string;
  zone: string;
  search: { around?: string; after?: string };
}

/** What happened to the terminal, newest first, or around a time in its store. */
export function Timeline({ account, store, terminal, zone, search }: TimelineProps) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const listed = useQuery(timelineQuery(account, store, terminal, search));
  const params = { account, terminal };
  const { around, after } = search;
  const look = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = new FormData(event.currentTarget).get("around");
    const given = typeof wanted === "string" && wanted !== "";
    void navigate({ to: "/$account/terminals/$terminal", params, search: given ? { around: wanted } : {} });
  };
  return (
    <section className="stack" aria-labelledby="timeline">
      <h2 id="timeline">
        <Trans>What happened</Trans>
      </h2>
      <form className="row filters" onSubmit={look} key={around}>
        <TextInput
          type="datetime-local"
          name="around"
          label={t`Around this time (${zone})`}
          defaultValue={around ?? ""}
        />
        <Button type="submit" variant="default">
          <Trans>Show</Trans>
        </Button>
      </form>
      <Read of={listed}>
        {(data) => (
          <>
            <DataTable
              caption={t`What happened`}
              rows={data.entries}
              rowKey={({ id }) => id}
              empty={<Trans>Nothing is known of this time.</Trans>}
              columns={[
                { key: "at", title: t`Time`, cell: ({ at }) => <Instant at={at} zone={zone} date /> },
                // The server has these sentences in English only.
                { key: "text", title: t`What happened`, cell: ({ text }) => <span lang="en">{text}</span> },
                { key: "by", title: t`By`, cell: ({ by }) => by?.name ?? by?.id ?? "–" },
              ]}
            />
            <nav className="row" aria-label={t`Further entries`}>
              {(after !== undefined || around !== undefined) && (
                <Link to="/$account/terminals/$terminal" params={params} search={{}}>
                  <Trans>Newest entries</Trans>
                </Link>
              )}
              {data.starting_after !== undefined && (
                <Link to="/$account/terminals/$terminal" params={params} search={{ after: data.starting_after }}>
                  <Trans>Older entries</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
    </section>
  );
}
