/** Sets the wall clock of this process: `new Date()` without arguments is ahead by this many milliseconds. */
const aheadMs = Number(process.env["TEST_WALL_AHEAD_MS"] ?? 0);
if (aheadMs !== 0) {
  const now = Date.now.bind(Date);
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now() + aheadMs] : args, as),
    get: (target, name) => (name === "now" ? () => now() + aheadMs : Reflect.get(target, name)),
  });
}
