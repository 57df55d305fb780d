/**
 * Taking over an ensemble that runs elsewhere. Nothing is founded: members join it one by one, as
 * they do when an ensemble grows, under ids that it does not have. When all have joined, its
 * servers leave the membership one by one, who leads them last; so every quorum on the way shares
 * its data with the one before. What is left then is an ensemble like any other, and the servers
 * that have left may be stopped.
 *
 * Those servers are nobody's to mend here. One that does not serve is the first to leave, if the
 * rest is a quorum without it.
 */
import { planAdoption, planMarking } from "./adopt.ts";
import { planChildren, planSizes } from "./children.ts";
import type { EnsembleStep } from "./ensemble-action.ts";
import type { ImportedServer, Membership } from "./ensemble-observed.ts";
import {
  canLeave,
  hasQuorum,
  isCommitted,
  isImported,
  isSound,
  memberOf,
  nameMembers,
  sidsOf,
  unsoundVoters,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { outdatedMembers, planReplacement } from "./roll.ts";
import { isOversized } from "./scale.ts";

/** The last id that a voting member can have. */
const SID_MAX = 99;

/** The first step of all, when servers of another ensemble are to be taken over. */
export function planImportBeginning(view: EnsembleView): EnsembleStep {
  return planAdoption(view) ?? planImport(view);
}

function planImport({ wanted, observed }: EnsembleView): EnsembleStep {
  if (wanted.isHibernated) {
    const reason = "The ensemble is to be hibernated and has not begun";
    return { action: { kind: "none" }, reason, progress: "Hibernated" };
  }
  const { importable } = observed;
  if (importable?.kind !== "servers") {
    return wait(importable?.message ?? "The servers that are to be imported were not asked yet");
  }
  const { servers } = importable;
  const firstSid = firstFreeSid(servers);
  if (!hasRoom(firstSid, wanted.replicas)) return wait(describeTakenIds(servers));
  const names = nameServers(servers);
  return {
    action: { kind: "recordImporting", firstSid, servers, sizes: { members: 1, observers: 0 } },
    reason: `Members are to join old ${names} with ids from ${String(firstSid)} on`,
    progress: "Importing",
  };
}

/** The first of as many ids as no server of `servers` has, nor any before it. */
export function firstFreeSid(servers: readonly ImportedServer[]): number {
  return Math.max(0, ...servers.map(({ sid }) => sid)) + 1;
}

/** Whether so many members have ids below those of observers. */
export function hasRoom(firstSid: number, replicas: number): boolean {
  return firstSid - 1 + replicas <= SID_MAX;
}

/** Why there is no room. */
export function describeTakenIds(servers: readonly ImportedServer[]): string {
  const last = String(firstFreeSid(servers) - 1);
  return (
    `Members get the ids after ${last}, the last one of the old servers, and at most ` +
    `${String(SID_MAX)}: give those servers lower ids, or ask for fewer members`
  );
}

/**
 * Writes down that it is done, when no server of the other ensemble is a member any more. The
 * volumes say so first: if the object is made anew, it goes on with them, and imports nothing.
 */
export function planImported(view: EnsembleView): EnsembleStep | null {
  const { committed } = view.observed;
  if (committed === null || !hasQuorum(view)) return null;
  if (importedMembers(view).length > 0) return null;
  const marking = planMarking(view, "Importing");
  if (marking !== null) return marking;
  const servers = nameServers(view.observed.recorded.imported);
  const reason = `Old ${servers} may go: the members serve alone`;
  return { action: { kind: "recordRunning" }, reason, progress: "Importing" };
}

/**
 * Dismisses a server that does not serve: with it gone the ensemble can do without another one. It
 * may have its reasons and come back; so that is for when it holds something up.
 */
export function planBurial(view: EnsembleView): EnsembleStep | null {
  const { committed, recorded } = view.observed;
  if (committed === null || view.wanted.import?.takesOver !== true || !hasQuorum(view)) return null;
  if (!committed.voters.some((sid) => sid >= recorded.firstSid)) return null;
  const hasJoined = wantedSids(view).every((sid) => isCommitted(committed, sid));
  const isHeldUp = outdatedMembers(view).length > 0 || isOversized(view);
  if (!hasJoined && !isHeldUp) return null;
  const sid = importedMembers(view).find(
    (one) => memberOf(view.observed, one).report?.isSynced !== true && canLeave(view, one),
  );
  if (sid === undefined) return null;
  return dismiss(sid, committed, `Old server ${String(sid)} does not serve and leaves first`);
}

/** The next server to leave, when all members have joined and everybody is well. */
export function planTakeOver(view: EnsembleView): EnsembleStep | null {
  const { wanted, observed } = view;
  const { committed } = observed;
  if (committed === null) return null;
  const awaited = new Set([...unsoundVoters(view), ...missingMembers(view)]);
  if (awaited.size > 0) {
    return wait(`${nameMembers([...awaited])} must be synchronised before an old server leaves`);
  }
  if (wanted.import?.takesOver !== true) {
    if (wanted.isHibernated) {
      const reason = "The old servers have to go before the ensemble is hibernated";
      return { action: { kind: "none" }, reason, progress: "Waiting" };
    }
    const reason = "All members have joined, and the old servers stay as long as is asked for";
    return { action: { kind: "none" }, reason, progress: "AsWanted" };
  }
  const [sid] = importedMembers(view).sort(
    (a, b) => rank(view, committed, a) - rank(view, committed, b) || b - a,
  );
  if (sid === undefined) return null;
  return dismiss(sid, committed, `All members have joined, and old server ${String(sid)} leaves`);
}

/**
 * Gives an import up, when its object is deleted: members leave before they end, since the servers
 * that they have joined count on their votes. Null when none is a member any more.
 */
export function planWithdrawal(view: EnsembleView): EnsembleStep | null {
  const { observed } = view;
  const { committed, recorded } = observed;
  if (recorded.phase !== "Importing") return null;
  if (committed === null) {
    if (observed.members.every(({ pod }) => pod === null)) return null;
    // It may be that one serves as soon as members are back that went by themselves.
    const step = planChildren(view) ?? planSizes(view) ?? planReplacement(view);
    return step ?? wait("Members must leave the membership first, and no quorum answers");
  }
  // Nobody else is left to count on them.
  if (importedMembers(view).length === 0) return null;
  const joined = [...committed.voters, ...committed.observers].filter(
    (sid) => sid >= recorded.firstSid,
  );
  if (joined.length === 0) return null;
  // One that serves may have to stay until one that does not has left.
  const [sid] = joined
    .filter((one) => !committed.voters.includes(one) || canLeave(view, one))
    .sort((a, b) => rank(view, committed, a) - rank(view, committed, b) || b - a);
  if (sid === undefined) {
    return wait(`${nameMembers(joined)} cannot leave yet: the others would be no quorum`);
  }
  const step = dismiss(sid, committed, `The import is given up, and member ${String(sid)} leaves`);
  return { ...step, progress: "Deleting" };
}

/** "server 1 (zk1:2181)", or "servers 1 (zk1:2181) and 2 (zk2:2181)". */
export function nameServers(servers: readonly ImportedServer[]): string {
  const names = servers.map(({ sid, address }) => `${String(sid)} (${address})`);
  const last = names.pop() ?? "none";
  return names.length === 0 ? `server ${last}` : `servers ${names.join(", ")} and ${last}`;
}

/** Servers of the other ensemble that are in the membership. */
export function importedMembers({ observed }: EnsembleView): number[] {
  const { voters = [], observers = [] } = observed.committed ?? {};
  return [...voters, ...observers].filter((sid) => isImported(observed, sid));
}

/** The ids of all members that are wanted. */
export function wantedSids({ wanted, observed }: EnsembleView): number[] {
  const sizes = { members: wanted.replicas, observers: wanted.observers };
  return sidsOf(sizes, observed.recorded.firstSid);
}

/** Members that are wanted and have not joined, or do not serve. */
function missingMembers(view: EnsembleView): number[] {
  const { observed } = view;
  const { committed } = observed;
  return wantedSids(view).filter((sid) => {
    const isMember = committed !== null && isCommitted(committed, sid);
    return !isMember || !isSound(view, memberOf(observed, sid));
  });
}

/** Those without a vote, then those with one, then the leader. */
function rank({ leader }: EnsembleView, { voters }: Membership, sid: number): number {
  if (sid === leader?.sid) return 2;
  return voters.includes(sid) ? 1 : 0;
}

function dismiss(sid: number, { version }: Membership, reason: string): EnsembleStep {
  const action = { kind: "removeMember", sid, fromVersion: version } as const;
  return { action, reason, progress: "Importing" };
}

function wait(reason: string): EnsembleStep {
  return { action: { kind: "wait" }, reason, progress: "Importing" };
}
