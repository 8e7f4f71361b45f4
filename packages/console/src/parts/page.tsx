import { type ReactNode, useEffect, useRef } from "react";

interface PageProps {
  title: string;
  /** Names the place in the title of the tab, before the console's own name. */
  place?: string | undefined;
  actions?: ReactNode;
  children: ReactNode;
}

/** What every screen begins with: its heading, which gets the focus so that readers of screens hear where they are. */
export function Page({ title, place, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = [title, place, "Tillkeeper"].filter(Boolean).join(" – ");
  }, [title, place]);
  useEffect(() => {
    // The first page of a visit leaves the focus where the browser puts it.
    if (document.activeElement !== document.body) heading.current?.focus();
  }, []);
  return (
    <div className="stack">
      <div className="row spread">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div className="row">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
