import { startTransition } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { preferredLanguage } from "./app/catalogs.ts";
import { forgetEarly } from "./app/early.ts";
import { chooseLanguage } from "./app/language.ts";
import { keepLastKnown } from "./app/last-known.ts";
import { queryClient } from "./app/query-client.ts";
import { router } from "./app/router.ts";
import { cacheShell } from "./app/shell-cache.ts";
import { noticeSignOut } from "./app/signed-out.ts";

/** For so long the grey lines of `index.html` stay; then the console says by itself what it waits for. */
const longestMs = 2_000;
/** For so long after the first screen its parts may take what was asked for early. */
const earlyMs = 2_000;

keepLastKnown(queryClient);
noticeSignOut(queryClient, () => void router.invalidate());
void start();

/** Shows the first screen when there is something to show. */
async function start(): Promise<void> {
  const loaded = chooseLanguage(preferredLanguage()).then(() => router.load());
  await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, longestMs))]);
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no element with the id root");
  // In slices of a few milliseconds, so that a slow phone does not stand still meanwhile.
  startTransition(() => createRoot(root).render(<App />));
  await loaded;
  // The parts of a screen ask for what they show when they are drawn.
  setTimeout(forgetEarly, earlyMs);
  cacheShell();
}
