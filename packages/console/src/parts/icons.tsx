import type { ReactNode } from "react";

/** Shapes of the icons, drawn on a square of 20. */
const shapes = {
  good: <path d="M4 10.5l4 4 8-9" />,
  busy: <path d="M10 4v6l4 2M10 2a8 8 0 1 1-8 8" />,
  bad: <path d="M5 5l10 10M15 5L5 15" />,
  doubt: <path d="M7 7a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4M10 15.5v.5" />,
  idle: <path d="M4 10h12" />,
  today: <path d="M3 5h14v12H3zM3 8.5h14M7 3v3M13 3v3" />,
  reports: <path d="M5 2.5h7l3 3v12H5zM8 9h5M8 12h5M8 15h3" />,
  terminals: <path d="M6 2.5h8v15H6zM8 5h4v3H8zM8.5 11h.01M11.5 11h.01M8.5 14h.01M11.5 14h.01" />,
  store: <path d="M3 8l1.5-5h11L17 8M4 8v9h12V8M3 8h14M8.5 17v-5h3v5" />,
  print: <path d="M6 7V3h8v4M5 14H3V7h14v7h-2M6 12h8v5H6z" />,
  download: <path d="M10 3v9M6.5 8.5L10 12l3.5-3.5M4 16.5h12" />,
  warning: <path d="M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.3" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** A drawing beside a word; it says nothing that the word does not say, so readers of screens pass it over. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      aria-hidden="true"
      width="1.25em"
      height="1.25em"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {shapes[name]}
    </svg>
  );
}
