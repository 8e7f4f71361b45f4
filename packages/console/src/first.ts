import { loadWords, preferredLanguage } from "./app/catalogs.ts";
import { askEarly } from "./app/early.ts";
import { readyFormats } from "./app/formats.ts";

// Nothing of what the first screen needs waits for another: what it shows, its words, the program, and the screens of its side.
const { pathname } = location;
const language = preferredLanguage();
askEarly(location);
void loadWords(language);
// It is made ready while the rest is on its way, in a turn of its own.
void import("./react.ts");
void import("./main.tsx");
if (/^\/[PT]\d{8}/.test(pathname)) {
  const isOfStore = pathname.includes("/stores/");
  void (isOfStore ? import("./routes/today/screen.tsx") : import("./routes/fleet/screen.tsx"));
}

// While the program is on its way, once the page has been painted.
requestAnimationFrame(() => readyFormats(language));
