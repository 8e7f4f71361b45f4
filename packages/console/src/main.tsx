import "./app/styles.ts";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { chooseLanguage, preferredLanguage } from "./app/language.ts";
import { keepLastKnown } from "./app/last-known.ts";
import { queryClient } from "./app/query-client.ts";
import { cacheShell } from "./app/shell-cache.ts";

keepLastKnown(queryClient);
cacheShell();
await chooseLanguage(preferredLanguage());
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root");
createRoot(root).render(<App />);
