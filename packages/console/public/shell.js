// The service worker of the console. It keeps the page and its files, and nothing of the API: what a person saw is kept by the page.
const cacheName = "tillkeeper-shell-1";
const isPage = (request) => request.mode === "navigate";
/** The console's own addresses; documents and the API are others. */
const isOwn = ({ pathname }) => pathname === "/" || /^\/(sign-in|[PT]\d{8})(\/|$)/.test(pathname);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (isPage(request) && isOwn(url)) event.respondWith(newest(request, "/"));
  else if (url.pathname.startsWith("/assets/") || url.pathname === "/icon.svg") event.respondWith(kept(request));
});

/** The page as the server has it now; what is kept of it when no answer comes. */
async function newest(request, key) {
  const cache = await caches.open(cacheName);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(key, answer.clone());
    return answer;
  } catch (error) {
    const known = await cache.match(key);
    if (known) return known;
    throw error;
  }
}

/** Files whose names change with their content. */
async function kept(request) {
  const cache = await caches.open(cacheName);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
