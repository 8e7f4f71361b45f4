/**
 * Whether a parsed text has more values than `most`, those inside others included. What is done with each value (a check, an
 * error of its own) adds up, and 256 KiB can hold a hundred thousand.
 */
export function hasMoreValues(root: unknown, most: number): boolean {
  let count = 1;
  const open: unknown[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const children: unknown[] = Array.isArray(next) ? next : Object.values(next);
    count += children.length;
    if (count > most) return true;
    for (const child of children) if (child !== undefined) open.push(child);
  }
  return false;
}
