/**
 * How much there may be of nodes: the leader's checks of quotas (ZooKeeper 3.9 `checkQuota`) and
 * of the ephemeral nodes of a session, whose paths must all fit in the transaction that closes it.
 * Both count what is proposed and not applied yet, so that a hard limit holds for requests in
 * quick succession and inside a multi, too. A quota has soft limits, which are reported when they
 * are passed, and hard ones, which also make the request fail if quotas are enforced.
 */
import type { DataTree } from "./data-tree.ts";
import { stringBytes } from "./ephemeral-index.ts";
import { NodeKind, nodeKind } from "./node-kind.ts";
import type { PendingNode } from "./pending-changes.ts";
import { PendingSums } from "./pending-sums.ts";
import type { Amount } from "./pending-sums.ts";
import { figure } from "./quota-figures.ts";
import type { QuotaFigures } from "./quota-figures.ts";

/** A request that passes a limit of a quota. */
export interface QuotaExcess {
  /** Path that has the quota. */
  readonly path: string;
  readonly unit: "count" | "bytes";
  readonly isHard: boolean;
  /** What there would be after the request. */
  readonly used: bigint;
  readonly limit: bigint;
  /** Whether the request fails for it. */
  readonly refused: boolean;
}

export interface LimitOptions {
  /** Whether requests above a hard limit fail. */
  readonly enforceQuota: boolean;
  /** Bytes that the paths of a session's ephemeral nodes may take in a transaction. */
  readonly ephemeralBytesMax: number;
  /** Hears of each request above a limit. */
  quotaExceeded(excess: QuotaExcess): void;
}

/** Limits beside which nobody is told and nothing fails. */
export const noLimits: LimitOptions = {
  enforceQuota: false,
  ephemeralBytesMax: Infinity,
  quotaExceeded: () => undefined,
};

/** The preparer's view of how much there will be. */
export class Limits {
  readonly #tree: DataTree;
  readonly #options: LimitOptions;
  readonly #inQuotas = new PendingSums<string>();
  readonly #ofSessions = new PendingSums<bigint>();

  constructor(tree: DataTree, options: LimitOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  /** Whether one more node, with `owner` as its `ephemeralOwner`, is within the limits. */
  allowsNode(path: string, dataLength: number, owner: bigint): boolean {
    if (nodeKind(owner) === NodeKind.ephemeral) {
      const bytes = this.#tree.ephemeralBytesOf(owner) + this.#ofSessions.of(owner).bytes;
      if (bytes + stringBytes(path) > this.#options.ephemeralBytesMax) return false;
    }
    return this.#allows(path, { count: 1, bytes: dataLength });
  }

  /** Whether a node's value may become longer by `bytes`, which may be negative. */
  allowsGrowth(path: string, bytes: number): boolean {
    return this.#allows(path, { count: 0, bytes });
  }

  /** A node will be created. */
  created(zxid: bigint, path: string, dataLength: number, owner: bigint): void {
    this.#add(zxid, path, { count: 1, bytes: dataLength });
    if (nodeKind(owner) !== NodeKind.ephemeral) return;
    this.#ofSessions.add(zxid, owner, { count: 1, bytes: stringBytes(path) });
  }

  /** A node's value will become longer. */
  grew(zxid: bigint, path: string, bytes: number): void {
    this.#add(zxid, path, { count: 0, bytes });
  }

  /** A node will be deleted. */
  deleted(zxid: bigint, { path, dataLength, ephemeralOwner }: PendingNode): void {
    this.#add(zxid, path, { count: -1, bytes: -dataLength });
    if (nodeKind(ephemeralOwner) !== NodeKind.ephemeral) return;
    this.#ofSessions.add(zxid, ephemeralOwner, { count: -1, bytes: -stringBytes(path) });
  }

  /** Says that the tree has applied everything up to `zxid`. */
  applied(zxid: bigint): void {
    this.#inQuotas.applied(zxid);
    this.#ofSessions.applied(zxid);
  }

  /** Takes back what the multi `zxid` was to do. */
  takeBack(zxid: bigint): void {
    this.#inQuotas.takeBack(zxid);
    this.#ofSessions.takeBack(zxid);
  }

  #add(zxid: bigint, path: string, amount: Amount): void {
    const quota = this.#tree.quotas.innermost(path);
    if (quota !== undefined) this.#inQuotas.add(zxid, quota, amount);
  }

  #allows(path: string, more: Amount): boolean {
    const { quotas } = this.#tree;
    const quota = quotas.innermost(path);
    if (quota === undefined) return true;
    const limits = quotas.limitsOf(quota);
    const usage = quotas.usageOf(quota);
    const pending = this.#inQuotas.of(quota);
    for (const unit of ["count", "bytes"] as const) {
      const excess = excessOf(unit, limits, usage, [pending[unit], more[unit]]);
      if (excess === null) continue;
      const refused = excess.isHard && this.#options.enforceQuota;
      this.#options.quotaExceeded({ path: quota, ...excess, refused });
      if (refused) return false;
    }
    return true;
  }
}

/**
 * A hard limit takes the place of a soft one. What changes nothing passes, and so does everything
 * where nobody keeps account of what is used.
 */
function excessOf(
  unit: "count" | "bytes",
  limits: QuotaFigures,
  usage: QuotaFigures,
  [pending, more]: readonly [number, number],
): Pick<QuotaExcess, "unit" | "isHard" | "used" | "limit"> | null {
  if (more === 0 || usage.size === 0) return null;
  const hard = figure(limits, unit === "count" ? "countHardLimit" : "byteHardLimit");
  const isHard = hard > -1n;
  const limit = isHard ? hard : figure(limits, unit);
  const used = figure(usage, unit) + BigInt(pending + more);
  return limit > -1n && used > limit ? { unit, isHard, used, limit } : null;
}
