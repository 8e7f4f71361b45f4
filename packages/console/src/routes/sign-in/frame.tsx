import type { ReactNode } from "react";
import classes from "./sign-in.module.css";

/** The frame of the screens for people who are not signed in. */
export function SignInFrame({ children }: { children: ReactNode }) {
  return (
    <main id="content" tabIndex={-1} className={classes["frame"]}>
      <p className={classes["name"]}>Tillkeeper</p>
      <div className="panel">{children}</div>
    </main>
  );
}
