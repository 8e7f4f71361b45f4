const dates = new Map<string, Intl.DateTimeFormat>();
const numbers = new Map<string, Intl.NumberFormat>();

/** How a language writes times. To make one takes longer than to use it a hundred times, so each is made once. */
export function dateFormat(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return onceOf(dates, [tag, options], () => new Intl.DateTimeFormat(tag, options));
}

/** How a language writes numbers. */
export function numberFormat(tag: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return onceOf(numbers, [tag, options], () => new Intl.NumberFormat(tag, options));
}

function onceOf<Format>(made: Map<string, Format>, by: readonly unknown[], make: () => Format): Format {
  const key = JSON.stringify(by);
  const format = made.get(key) ?? make();
  made.set(key, format);
  return format;
}
