import { Trans, useLingui } from "@lingui/react/macro";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { HookDelivery } from "@tillkeeper/contract/http/hook-schemas";
import { clientOf } from "../../api/client.ts";
import { deliveriesQuery } from "../../api/webhooks.ts";
import { queryClient } from "../../app/query-client.ts";
import { Action } from "../../parts/action.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { LookAgain } from "../../parts/look-again.tsx";
import { Read } from "../../parts/read.tsx";
import { State, type Tone } from "../../parts/state.tsx";
import type { DeliverySearch } from "./search.ts";

interface DeliveriesProps {
  account: string;
  hook: string;
  search: DeliverySearch;
  mayWrite: boolean;
}

/** The attempts to deliver, newest first, with what came back and how the delivery stands now. */
export function Deliveries({ account, hook, search, mayWrite }: DeliveriesProps) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const listed = useQuery(deliveriesQuery(account, hook, search));
  const replay = async ({ id }: HookDelivery) => {
    await clientOf(account).hooks.replayDelivery(hook, id);
    await queryClient.invalidateQueries({ queryKey: [account, "hooks"] });
  };
  const columns = useColumns(mayWrite ? replay : undefined);
  const params = { account, hook };
  const { success, after } = search;
  const filters = success === undefined ? {} : { success };
  const filter = (value: string) =>
    void navigate({
      to: "/$account/webhooks/$hook",
      params,
      search: value === "" ? {} : { success: value === "arrived" },
    });
  return (
    <section className="stack" aria-labelledby="deliveries">
      <h2 id="deliveries">
        <Trans>Attempts to deliver</Trans>
      </h2>
      <div className="row filters">
        <NativeSelect
          label={t`Attempts`}
          value={success === undefined ? "" : success ? "arrived" : "failed"}
          data={[
            { value: "", label: t`All` },
            { value: "arrived", label: t`That arrived` },
            { value: "failed", label: t`That failed` },
          ]}
          onChange={({ currentTarget }) => filter(currentTarget.value)}
        />
        <LookAgain of={listed} />
      </div>
      <Read of={listed}>
        {({ deliveries, next }) => (
          <>
            <DataTable
              caption={t`Attempts to deliver`}
              columns={columns}
              rows={deliveries}
              rowKey={({ id }) => id}
              empty={<Trans>No such attempt was made.</Trans>}
            />
            <nav className="row" aria-label={t`Further attempts`}>
              {after !== undefined && (
                <Link to="/$account/webhooks/$hook" params={params} search={filters}>
                  <Trans>Newest attempts</Trans>
                </Link>
              )}
              {next !== undefined && (
                <Link to="/$account/webhooks/$hook" params={params} search={{ ...filters, after: next }}>
                  <Trans>Older attempts</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
    </section>
  );
}

const tones: Readonly<Record<HookDelivery["state"], Tone>> = {
  waiting: "doubt",
  sending: "busy",
  delivered: "good",
  given_up: "bad",
};

function useColumns(replay?: (delivery: HookDelivery) => Promise<void>): Column<HookDelivery>[] {
  const { t } = useLingui();
  const words: Readonly<Record<HookDelivery["state"], string>> = {
    waiting: t`Waits for another attempt`,
    sending: t`Being sent`,
    delivered: t`Delivered`,
    given_up: t`Given up`,
  };
  const columns: Column<HookDelivery>[] = [
    {
      key: "event",
      title: t`Event`,
      cell: ({ event, event_id: id }) => (
        <>
          {event}
          {id !== undefined && (
            <>
              {" "}
              <small className="dimmed">{id}</small>
            </>
          )}
        </>
      ),
    },
    { key: "at", title: t`Time`, cell: ({ created_at: at }) => <Instant at={at} zone={ownZone()} date /> },
    { key: "attempt", title: t`Attempt`, numeric: true, cell: ({ attempt }) => attempt },
    { key: "answer", title: t`Answer`, cell: ({ status }) => status ?? <Trans>none</Trans> },
    {
      key: "state",
      title: t`Delivery`,
      cell: ({ state, next_attempt_at: next }) => (
        <>
          <State tone={tones[state]}>{words[state]}</State>
          {next !== undefined && (
            <>
              {" "}
              <Instant at={next} zone={ownZone()} />
            </>
          )}
        </>
      ),
    },
  ];
  if (!replay) return columns;
  return [
    ...columns,
    {
      key: "again",
      title: t`Send again`,
      cell: (delivery) => {
        const { event } = delivery;
        return (
          <Action label={t`Send again: ${event}`} run={() => replay(delivery)}>
            <Trans>Send again</Trans>
          </Action>
        );
      },
    },
  ];
}
