import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Ask } from "./ask.tsx";
import { Problem } from "./problem.tsx";

interface ActionProps {
  children: ReactNode;
  /** The button's name for readers of screens, where what stands on it does not say of what it is. */
  label?: string;
  run: () => Promise<unknown>;
  /** The question before the action; only for actions that cannot be undone. */
  ask?: { title: string; text: ReactNode; button: string };
}

/** A button that does one thing at the server. What went wrong stands under it. */
export function Action({ children, label, run, ask }: ActionProps) {
  const [asks, setAsks] = useState(false);
  const doing = useMutation({ mutationFn: run });
  return (
    <div className="stack">
      <div>
        <Button
          variant="default"
          aria-label={label}
          loading={doing.isPending}
          onClick={() => (ask ? setAsks(true) : doing.mutate())}
        >
          {children}
        </Button>
      </div>
      {doing.error && <Problem error={doing.error} />}
      {ask && asks && (
        <Ask
          title={ask.title}
          button={ask.button}
          onNo={() => setAsks(false)}
          onYes={() => {
            setAsks(false);
            doing.mutate();
          }}
        >
          {ask.text}
        </Ask>
      )}
    </div>
  );
}
