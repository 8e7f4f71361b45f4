import type { ReactNode } from "react";
import { Icon } from "./icons.tsx";
import classes from "./state.module.css";
import type { Tone } from "./state.tsx";

/** A remark that stands between other things: what is the matter, in a sentence, and perhaps a button. */
export function Note({ tone, alert, children }: { tone: Tone; alert?: boolean; children: ReactNode }) {
  return (
    <div className={classes["note"]} data-tone={tone} role={alert ? "alert" : undefined}>
      <Icon name={tone === "good" ? "good" : "warning"} />
      <div>{children}</div>
    </div>
  );
}
