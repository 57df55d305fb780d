/**
 * What each server has on its disk, as far as it was told itself; and whether that is enough for
 * a transaction to be decided: a quorum of its configuration, and for a reconfiguration, a quorum
 * of the next one as well.
 */
import { formatHex } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import { votersOf } from "./model-members.ts";
import type { Members } from "./model-members.ts";

export class QuorumChecker {
  /** The newest transaction on each disk that its server may have acknowledged. */
  readonly #newest = new Map<bigint, bigint>();

  /**
   * A server has everything up to `zxid` on its disk. It may lose that with the disk, but not the
   * acknowledgements that it gave.
   */
  logged(sid: bigint, zxid: bigint): void {
    if (zxid > (this.#newest.get(sid) ?? 0n)) this.#newest.set(sid, zxid);
  }

  /** A server's history ends at `zxid`, whatever it was before. */
  replaced(sid: bigint, zxid: bigint): void {
    this.#newest.set(sid, zxid);
  }

  /** @throws Violation unless quorums of all of `deciders` have `zxid`. */
  decided(zxid: bigint, deciders: readonly Members[], who: string): void {
    for (const { version, roles } of deciders) {
      const voters = votersOf(roles);
      const having = voters.filter((sid) => (this.#newest.get(sid) ?? 0n) >= zxid);
      if (having.length * 2 > voters.length) continue;
      const text =
        `${who} serves ${formatHex(zxid)}, which servers ${having.join(" ") || "none"} have of ` +
        `voters ${voters.join(" ")} by configuration ${formatHex(version)}`;
      throw new Violation("a quorum has what is decided", text);
    }
  }
}
