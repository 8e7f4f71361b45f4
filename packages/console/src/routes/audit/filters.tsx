import { Trans, useLingui } from "@lingui/react/macro";
import { Button, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { ownZone } from "../../parts/instant.tsx";
import { type AuditSearch, auditSearch } from "./search.ts";

/** The filters of the log. They are put into the address when they are sent, so a reload and a link show the same. */
export function Filters({ account, filters }: { account: string; filters: AuditSearch }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const zone = ownZone();
  const show = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const search = auditSearch(Object.fromEntries(new FormData(event.currentTarget)));
    void navigate({ to: "/$account/audit", params: { account }, search });
  };
  return (
    <form className="row filters" role="search" onSubmit={show}>
      <TextInput
        name="action"
        label={t`Action`}
        placeholder="store.create"
        maxLength={255}
        defaultValue={filters.action ?? ""}
      />
      <TextInput
        name="subject"
        label={t`Id of what was changed`}
        maxLength={255}
        defaultValue={filters.subject ?? ""}
      />
      <TextInput name="actor" label={t`Id of who did it`} maxLength={255} defaultValue={filters.actor ?? ""} />
      <TextInput type="datetime-local" name="from" label={t`From (${zone})`} defaultValue={filters.from ?? ""} />
      <TextInput type="datetime-local" name="to" label={t`To (${zone})`} defaultValue={filters.to ?? ""} />
      <Button type="submit" variant="default">
        <Trans>Show</Trans>
      </Button>
    </form>
  );
}
