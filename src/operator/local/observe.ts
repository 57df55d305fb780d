/**
 * From processes, folders and what members say to what the planner wants to know: a process is a
 * pod, a data folder is a claim. It changes nothing, and decides nothing.
 */
import type { EnsembleObserved, Membership, ObservedReport } from "../plan/ensemble-observed.ts";
import type { EnsembleTarget, MemberAccess } from "../reconcile/member-access.ts";
import { areChildrenCurrent, isFounding } from "./local-children.ts";
import type { ChildDecisions } from "./local-children.ts";
import type { LocalFolder } from "./local-folder.ts";
import type { LocalProcesses } from "./local-processes.ts";
import { LOCAL_HOST } from "./member-files.ts";

/** A local ensemble, to be looked at and worked on. */
export interface LocalParts {
  readonly folder: LocalFolder;
  readonly processes: LocalProcesses;
  readonly members: MemberAccess;
  readonly decisions: Omit<ChildDecisions, "committed">;
}

/** What is looked at. */
export interface Observable extends LocalParts {
  /** Whom members are asked for, and with which right. */
  readonly target: Omit<EnsembleTarget, "members">;
  /** The membership, if it is known well enough without asking for it. */
  readonly knownMembership: (reports: ReadonlyMap<number, ObservedReport>) => Membership | null;
  readonly failedHandOvers: (leader: number | null) => number;
}

/** An ensemble at one moment, more or less. */
export interface LocalObservation {
  readonly observed: EnsembleObserved;
  readonly target: EnsembleTarget;
}

/** Looks at everything. */
export async function observeLocal(
  source: Observable,
  signal: AbortSignal,
): Promise<LocalObservation> {
  const { folder, processes, members, decisions } = source;
  const asked = [...processes.members].filter(([, { isRunning }]) => isRunning);
  const uids = new Map(asked.map(([sid, { uid }]) => [sid, uid]));
  const target: EnsembleTarget = {
    ...source.target,
    members: asked.map(([sid]) => ({ sid, podIp: LOCAL_HOST })),
  };
  const reports = await members.readReports(target, signal);
  for (const [sid, uid] of uids) {
    processes.members.get(sid)?.heard(uid, reports.get(sid)?.role ?? "none");
  }
  const leader = [...reports].find(([, { role }]) => role === "leader")?.[0] ?? null;
  const committed = leader === null ? null : await readMembership(source, reports, target, signal);
  const { state } = folder;
  const observed: EnsembleObserved = {
    recorded: { ...state, firstSid: 1, imported: [], recovery: null },
    children: {
      isCurrent: areChildrenCurrent(folder, { ...decisions, committed }),
      isSettled: true,
      isFounding: isFounding(folder),
      sizes: processes.sizes,
      // Folders have no size that they could outgrow.
      outgrown: [],
    },
    committed,
    members: joinMembers(source, reports, committed),
    failedHandOvers: source.failedHandOvers(leader),
    importable: null,
  };
  return { observed, target };
}

async function readMembership(
  { members, knownMembership }: Observable,
  reports: ReadonlyMap<number, ObservedReport>,
  target: EnsembleTarget,
  signal: AbortSignal,
): Promise<Membership | null> {
  return knownMembership(reports) ?? (await members.readMembership(target, signal));
}

/** Every member that has a process, data, or a place in the membership. */
function joinMembers(
  { folder, processes }: Observable,
  reports: ReadonlyMap<number, ObservedReport>,
  committed: Membership | null,
): EnsembleObserved["members"] {
  const claims = folder.findClaims();
  const sids = new Set([
    ...processes.members.keys(),
    ...claims.keys(),
    ...(committed?.voters ?? []),
    ...(committed?.observers ?? []),
  ]);
  return [...sids]
    .sort((left, right) => left - right)
    .map((sid) => {
      const report = reports.get(sid) ?? null;
      const claim = claims.get(sid);
      const member = processes.members.get(sid);
      return {
        sid,
        pod: member?.observePod(processes.isWanted(sid), report) ?? null,
        claims: claim === undefined ? [] : [claim],
        report,
        settingsDigest: member?.settingsDigest,
      };
    });
}
