/**
 * Has a service worker keep the console's own files, so that its page opens without a network. Browsers offer one over HTTPS and on
 * the own machine alone; elsewhere the console works all the same, with a network.
 */
export function cacheShell(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  // Without it only the page without a network is missing.
  navigator.serviceWorker.register("/shell.js").catch(() => undefined);
}
