import { Trans } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useId, useRef } from "react";
import classes from "./ask.module.css";

interface AskProps {
  title: string;
  /** What will happen, with the store and the amount. */
  children: ReactNode;
  button: string;
  onYes: () => void;
  onNo: () => void;
}

/** Asks before something that cannot be undone. A dialog of the browser: it holds the focus, and Escape leaves it. */
export function Ask({ title, children, button, onYes, onNo }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={classes["ask"]} aria-labelledby={id} onClose={onNo}>
      <div className="stack">
        <h2 id={id}>{title}</h2>
        <div>{children}</div>
        <div className="row">
          <Button onClick={onYes}>{button}</Button>
          <Button variant="default" onClick={onNo}>
            <Trans>Not now</Trans>
          </Button>
        </div>
      </div>
    </dialog>
  );
}
