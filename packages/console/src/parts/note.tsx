import type { ReactNode } from "react";
import { Icon } from "./icons.tsx";
import classes from "./state.module.css";
import type { Tone } from "./state.tsx";

/** A remark between other parts of a screen: a sentence, and a button where there is something to do. */
export function Note({ tone, alert, children }: { tone: Tone; alert?: boolean; children: ReactNode }) {
  return (
    <div className={classes["note"]} data-tone={tone} role={alert ? "alert" : undefined}>
      <Icon name={tone === "good" ? "good" : "warning"} />
      <div>{children}</div>
    </div>
  );
}
