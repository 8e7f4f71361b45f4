import { useLingui } from "@lingui/react/macro";
import { TextInput } from "@mantine/core";
import { type ReactNode, useId, useState } from "react";
import classes from "./choices.module.css";

interface ChoicesProps {
  legend: ReactNode;
  choices: readonly { value: string; label: string }[];
  chosen: readonly string[];
  error?: string | undefined;
  onChange: (chosen: string[]) => void;
}

/** More choices than this can be searched. */
const few = 8;

/** Several of many: a list of boxes to tick, which can be searched when it is long. */
export function Choices({ legend, choices, chosen, error, onChange }: ChoicesProps) {
  const { t } = useLingui();
  const id = useId();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = choices
    .filter(({ label, value }) => `${label} ${value}`.toLowerCase().includes(wanted))
    .toSorted((one, other) => one.label.localeCompare(other.label));
  const set = (value: string, isChosen: boolean) =>
    onChange(isChosen ? [...chosen, value] : chosen.filter((one) => one !== value));
  return (
    <fieldset className="stack" aria-describedby={error === undefined ? undefined : id}>
      <legend>{legend}</legend>
      {choices.length > few && (
        <TextInput
          type="search"
          label={t`Search`}
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      )}
      <ul className={`plain-list ${classes["list"]}`}>
        {shown.map(({ value, label }) => (
          <li key={value}>
            <label className={classes["choice"]}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={({ currentTarget }) => set(value, currentTarget.checked)}
              />
              <span>{label}</span>
            </label>
          </li>
        ))}
      </ul>
      {error !== undefined && (
        <p id={id} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
