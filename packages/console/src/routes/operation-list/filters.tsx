import { Trans, useLingui } from "@lingui/react/macro";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useOperationStatusWords, useOperationWords } from "../../parts/operation.tsx";
import { operationNames, operationStatuses } from "../../parts/operation-kinds.ts";
import { type OperationSearch, operationSearch } from "./search.ts";

/** The filters of the list. They are put into the address when they are sent, so a reload and a link show the same. */
export function Filters({ account, filters }: { account: string; filters: OperationSearch }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const words = useOperationWords();
  const statusWords = useOperationStatusWords();
  const show = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const search = operationSearch(Object.fromEntries(new FormData(event.currentTarget)));
    void navigate({ to: "/$account/operations", params: { account }, search });
  };
  return (
    <form className="row filters" role="search" onSubmit={show}>
      <NativeSelect
        name="status"
        label={t`Status`}
        defaultValue={filters.status ?? ""}
        data={[
          { value: "", label: t`All` },
          ...operationStatuses.map((value) => ({ value, label: statusWords[value] })),
        ]}
      />
      <NativeSelect
        name="operation"
        label={t`Operation`}
        defaultValue={filters.operation ?? ""}
        data={[{ value: "", label: t`All` }, ...operationNames.map((value) => ({ value, label: words[value] }))]}
      />
      <TextInput
        type="search"
        name="terminal"
        maxLength={255}
        label={t`Id of the terminal`}
        defaultValue={filters.terminal ?? ""}
      />
      <Button type="submit" variant="default">
        <Trans>Show</Trans>
      </Button>
    </form>
  );
}
