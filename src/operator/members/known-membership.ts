/**
 * The membership that was read last, for as long as the reports say that nothing has happened
 * since: it saves a session at each look. Before anything is done the membership is read anew.
 */
import type { EnsembleObserved, Membership, ObservedReport } from "../plan/ensemble-observed.ts";

export class KnownMembership {
  #known: {
    readonly membership: Membership;
    /** Who said so, and in which epoch. */
    readonly leader: number;
    readonly epoch: number;
  } | null = null;

  /**
   * The membership, if the same leader leads in the same epoch, and it and a majority of the voters
   * serve with that membership.
   */
  recall(reports: ReadonlyMap<number, ObservedReport>): Membership | null {
    if (this.#known === null) return null;
    const { membership, leader, epoch } = this.#known;
    if (reports.get(leader)?.role !== "leader") return null;
    const agreeing = membership.voters.filter((sid) => {
      const report = reports.get(sid);
      const isSame = report?.epoch === epoch && report.configVersion === membership.version;
      return isSame && report.isSynced;
    });
    const isQuorum = agreeing.length * 2 > membership.voters.length && agreeing.includes(leader);
    return isQuorum ? membership : null;
  }

  /** Takes note of what was observed. */
  note({ committed, members }: EnsembleObserved): void {
    const leader = members.find(({ report }) => report?.role === "leader");
    const epoch = leader?.report?.epoch;
    const isKnown = committed !== null && leader !== undefined && epoch !== undefined;
    this.#known = isKnown ? { membership: committed, leader: leader.sid, epoch } : null;
  }
}
