/**
 * What metrics say of quotas, by the first name of the paths that have one (ZooKeeper 3.9
 * `QuotaMetricsUtils`). Where several quotas are below one such name, the outermost counts.
 */
import type { DataTree } from "../../tree/index.ts";

/** One quota; a limit is the hard one if there is one, and -1 for none. */
export interface QuotaGauge {
  readonly namespace: string;
  readonly countLimit: number;
  readonly bytesLimit: number;
  readonly countUsage: number;
  readonly bytesUsage: number;
}

/** The quotas of a tree. */
export function readQuotaGauges({ quotas }: DataTree): readonly QuotaGauge[] {
  const byNamespace = new Map<string, string>();
  for (const path of [...quotas.paths].sort()) {
    const namespace = path.split("/", 2)[1] ?? "";
    if (!byNamespace.has(namespace)) byNamespace.set(namespace, path);
  }
  return Array.from(byNamespace, ([namespace, path]) => {
    const limits = quotas.limitsOf(path);
    const usage = quotas.usageOf(path);
    const limit = (hard: string, soft: string): number => {
      const hardLimit = limits.get(hard) ?? -1n;
      return Number(hardLimit > -1n ? hardLimit : (limits.get(soft) ?? -1n));
    };
    return {
      namespace,
      countLimit: limit("countHardLimit", "count"),
      bytesLimit: limit("byteHardLimit", "bytes"),
      countUsage: Number(usage.get("count") ?? -1n),
      bytesUsage: Number(usage.get("bytes") ?? -1n),
    };
  });
}
