/** Sets the wall clock of this process: every `Date` that is made of nothing else is that much ahead. */
const aheadMs = Number(process.env["TEST_WALL_AHEAD_MS"] ?? 0);
if (aheadMs !== 0) {
  const now = Date.now.bind(Date);
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now() + aheadMs] : args, as),
    get: (target, name) => (name === "now" ? () => now() + aheadMs : Reflect.get(target, name)),
  });
}
