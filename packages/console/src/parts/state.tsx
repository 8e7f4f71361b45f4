import type { ReactNode } from "react";
import { Icon } from "./icons.tsx";
import classes from "./state.module.css";

/** What a state means for the reader. Each has its icon, so that no state is told by its colour alone. */
export type Tone = "good" | "busy" | "bad" | "doubt" | "idle";

/** A state as icon and word. */
export function State({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes["state"]} data-tone={tone}>
      <Icon name={tone} />
      <span>{children}</span>
    </span>
  );
}
