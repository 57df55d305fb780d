/**
 * The text of quota nodes (ZooKeeper 3.9 `StatsTrack`): named whole numbers, such as
 * `count=5,bytes=100` in both kinds of nodes, or `count=-1,bytes=-1=;byteHardLimit=200` in
 * limits. The odd `=` behind the bytes keeps readers of 3.4 from seeing what follows. Clients
 * write these nodes as they please; what is not a number is left out here, and a missing number
 * counts as -1, which means that there is none.
 */

/** Numbers by name. */
export type QuotaFigures = Map<string, bigint>;

export function parseQuotaFigures(data: Buffer | null): QuotaFigures {
  const figures: QuotaFigures = new Map();
  if (data === null) return figures;
  for (const pair of data.toString("utf8").split(/[,;]+/u)) {
    const [name = "", value = ""] = pair.split("=");
    if (/^[+-]?[0-9]{1,19}$/u.test(value)) figures.set(name, BigInt.asIntN(64, BigInt(value)));
  }
  return figures;
}

export function formatQuotaFigures(figures: QuotaFigures): string {
  const pair = (name: string): string => `${name}=${String(figure(figures, name))}`;
  const base = `${pair("count")},${pair("bytes")}`;
  const others = [...figures.keys()].filter((name) => name !== "count" && name !== "bytes").sort();
  if (others.length === 0) return base;
  return `${base}=${others.map((name) => `;${pair(name)}`).join("")}`;
}

/** A number by its name, -1 when there is none. */
export function figure(figures: QuotaFigures, name: string): bigint {
  return figures.get(name) ?? -1n;
}
