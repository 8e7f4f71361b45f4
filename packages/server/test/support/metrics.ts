/** The samples of a scrape, by their names with labels as the text has them. */
export type Samples = Map<string, number>;

/** Reads the text of `/metrics`. */
export async function scrape(port: number): Promise<{ text: string; samples: Samples }> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}`);
  const text = await answer.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return {
    text,
    samples: new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
    ),
  };
}
