import { Trans, useLingui } from "@lingui/react/macro";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { terminalStatuses } from "@tillkeeper/contract/terminal-status";
import type { FormEvent } from "react";
import { useTerminalStatusWords } from "../../parts/terminal-status.tsx";
import { type FleetSearch, fleetSearch } from "./search.ts";

/** The filters of the list. They are put into the address when they are sent, so a reload and a link show the same. */
export function Filters({ account, filters }: { account: string; filters: FleetSearch }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const words = useTerminalStatusWords();
  const show = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const search = fleetSearch(Object.fromEntries(new FormData(event.currentTarget)));
    void navigate({ to: "/$account/terminals", params: { account }, search });
  };
  return (
    <form className="row filters" role="search" onSubmit={show}>
      <TextInput
        type="search"
        name="search"
        maxLength={255}
        label={t`Id, serial number, model or store`}
        defaultValue={filters.search ?? ""}
      />
      <NativeSelect
        name="status"
        label={t`Status`}
        defaultValue={filters.status ?? ""}
        data={[
          { value: "", label: t`All but deleted ones` },
          ...terminalStatuses.map((value) => ({ value, label: words[value] })),
        ]}
      />
      <Button type="submit" variant="default">
        <Trans>Show</Trans>
      </Button>
    </form>
  );
}
