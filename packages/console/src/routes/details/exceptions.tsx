import { Trans, useLingui } from "@lingui/react/macro";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Configuration } from "../../closings/types.ts";
import { dayText } from "../../parts/instant.tsx";

type Exception = Configuration["auto_end_of_day"]["exceptions"][number];

interface ExceptionsProps {
  exceptions: readonly Exception[];
  disabled: boolean;
  error: string | undefined;
  onChange: (exceptions: Exception[]) => void;
}

/** Days on which the store closes at another time, or is shut. */
export function Exceptions({ exceptions, disabled, error, onChange }: ExceptionsProps) {
  const { t } = useLingui();
  return (
    <fieldset className="stack">
      <legend>
        <Trans>Other days</Trans>
      </legend>
      {exceptions.length === 0 && (
        <span className="dimmed">
          <Trans>No day differs.</Trans>
        </span>
      )}
      <ul className="plain-list stack">
        {exceptions.map(({ date, closed, time }) => (
          <li key={date} className="row spread">
            <span>
              {dayText(date, true)}: {closed === true ? <Trans>shut</Trans> : time}
            </span>
            <Button
              variant="default"
              disabled={disabled}
              aria-label={t`Remove ${dayText(date, true)}`}
              onClick={() => onChange(exceptions.filter((one) => one.date !== date))}
            >
              <Trans>Remove</Trans>
            </Button>
          </li>
        ))}
      </ul>
      {!disabled && <NewException exceptions={exceptions} onChange={onChange} />}
      {error !== undefined && <p role="alert">{error}</p>}
    </fieldset>
  );
}

function NewException({ exceptions, onChange }: Pick<ExceptionsProps, "exceptions" | "onChange">) {
  const { t } = useLingui();
  const [date, setDate] = useState("");
  const [time, setTime] = useState("");
  const [kind, setKind] = useState("time");
  const isWhole = date !== "" && (kind === "shut" || time !== "");
  const add = () => {
    const added: Exception = kind === "shut" ? { date, closed: true } : { date, time };
    const others = exceptions.filter((one) => one.date !== date);
    onChange([...others, added].toSorted((one, other) => one.date.localeCompare(other.date)));
    setDate("");
    setTime("");
  };
  return (
    <div className="row end">
      <TextInput
        type="date"
        label={t`Day`}
        value={date}
        onChange={({ currentTarget }) => setDate(currentTarget.value)}
      />
      <NativeSelect
        label={t`On that day`}
        value={kind}
        data={[
          { value: "time", label: t`Another time` },
          { value: "shut", label: t`The store is shut` },
        ]}
        onChange={({ currentTarget }) => setKind(currentTarget.value)}
      />
      {kind === "time" && (
        <TextInput
          type="time"
          label={t`Closes at`}
          value={time}
          onChange={({ currentTarget }) => setTime(currentTarget.value)}
        />
      )}
      <div>
        <Button variant="default" disabled={!isWhole} onClick={add} aria-describedby="exception-why">
          <Trans>Add the day</Trans>
        </Button>
        {!isWhole && (
          <p id="exception-why" className="dimmed">
            <Trans>Choose a day and a time first.</Trans>
          </p>
        )}
      </div>
    </div>
  );
}
