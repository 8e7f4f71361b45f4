import { useLingui } from "@lingui/react/macro";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute } from "@tanstack/react-router";
import { useEffect } from "react";
import { closingQuery, configurationQuery, previewQuery } from "../../api/queries.ts";
import { queryClient } from "../../app/query-client.ts";
import { rowsOfClosing, rowsOfPreview } from "../../closings/rows.ts";
import { Freshness } from "../../parts/freshness.tsx";
import { dayText } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { storeRoute } from "../store/route.ts";
import { CloseButton } from "./close-button.tsx";
import { Headline } from "./headline.tsx";
import { Sums } from "./sums.tsx";
import { TerminalList } from "./terminal-list.tsx";
import classes from "./today.module.css";

/** The running business day of a store: how it stands, one button, and a row for each terminal that says what to do. */
export const Screen = createLazyRoute("/$account/stores/$store/today")({ component: Today });

function Today() {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  const { place, zone } = storeRoute.useRouteContext();
  const previewed = useSuspenseQuery(previewQuery(account, store));
  const { data: preview } = previewed;
  const { data: configuration } = useSuspenseQuery(configurationQuery(account, store));
  const { closing_id: id } = preview;
  const closed = useQuery({ ...closingQuery(account, store, id ?? ""), enabled: id !== undefined });
  const closing = id === undefined ? undefined : closed.data;
  useReadAt(preview.day_ends_at, account);
  if (id !== undefined && !closing) return <Waiting />;
  const rows = closing ? rowsOfClosing(closing) : rowsOfPreview(preview);
  const failed = previewed.isError || closed.isError;
  const readAt = Math.min(previewed.dataUpdatedAt, closing ? closed.dataUpdatedAt : previewed.dataUpdatedAt);
  const day = dayText(closing?.business_day ?? preview.business_day);
  return (
    <Page title={place} place={t`Today`}>
      <Freshness readAt={readAt} zone={zone} failed={failed} />
      <section className={`panel stack ${classes["top"]}`} aria-labelledby="today">
        <h2 id="today">{day}</h2>
        <Headline preview={preview} closing={closing} configuration={configuration} zone={zone} />
        <CloseButton preview={preview} closing={closing} rows={rows} failed={failed} place={place} day={day} />
      </section>
      <TerminalList rows={rows} zone={zone} />
      <Sums closing={closing} preview={preview} />
    </Page>
  );
}

/** Has the day read anew when it ends: no event tells that. */
function useReadAt(at: string, account: string): void {
  useEffect(() => {
    const ms = Math.max(1_000, new Date(at).getTime() - Date.now() + 1_000);
    // A browser keeps no longer time than that.
    if (ms > 2 ** 31 - 1) return undefined;
    const timer = setTimeout(() => void queryClient.invalidateQueries({ queryKey: [account, "closings"] }), ms);
    return () => clearTimeout(timer);
  }, [at, account]);
}
