import { Trans, useLingui } from "@lingui/react/macro";
import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { Note } from "./note.tsx";

interface ShownOnceProps {
  label: string;
  value: string;
  /** What it is for, and until when it works. */
  children?: ReactNode;
}

/** A secret that the server tells this once, with a button that copies it. It is kept nowhere: a reload of the page forgets it. */
export function ShownOnce({ label, value, children }: ShownOnceProps) {
  const { t } = useLingui();
  const input = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<"copied" | "by hand">();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setOutcome("copied");
    } catch {
      // Without HTTPS browsers let no page write to the clipboard.
      input.current?.select();
      setOutcome("by hand");
    }
  };
  return (
    <Note tone="doubt">
      <div className="stack">
        <p>
          <strong>
            <Trans>This is shown now and never again.</Trans>
          </strong>{" "}
          {children}
        </p>
        <TextInput
          ref={input}
          label={label}
          value={value}
          readOnly
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <div className="row">
          <Button variant="default" onClick={() => void copy()}>
            <Trans>Copy</Trans>
          </Button>
          <span role="status">
            {outcome === "copied" && t`Copied.`}
            {outcome === "by hand" && t`The browser does not let this page copy. It is selected: copy it by hand.`}
          </span>
        </div>
      </div>
    </Note>
  );
}
