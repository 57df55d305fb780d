/** What the status says of members: each as it was last seen, and how many there are. */
import type { MemberStatus } from "../api/ensemble-status.ts";
import { formatZxid } from "../format-zxid.ts";
import type { EnsembleObserved, ObservedMember, PodTrouble } from "./ensemble-observed.ts";
import {
  componentOf,
  isImported,
  isSound,
  isToHibernate,
  membersToBe,
  viewEnsemble,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { lastZxidOf } from "./recover.ts";

/** The fields of the status that are about members; names are the adapter's. */
export interface MembersStatus {
  /** By ascending id. */
  readonly members: readonly Omit<MemberStatus, "name">[];
  /** The member that leads a quorum; null where nobody does, or an old server of an import. */
  readonly leaderSid: number | null;
  /** Voting members that there are to be now, and how many of them serve. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Members that serve, and members that are wanted, such as "3/3". */
  readonly memberSummary: string;
}

const TROUBLES: Readonly<Record<PodTrouble, string>> = {
  unschedulable: "PodUnschedulable",
  imageUnavailable: "ImageUnavailable",
  foreignVolume: "VolumeForeign",
  crashLooping: "MemberFailing",
};

const DISK_PROBLEMS = {
  foreign: "VolumeForeign",
  incomplete: "VolumeIncomplete",
  quarantined: "VolumeQuarantined",
} as const;

/** What the status is to say of members. */
export function describeMembers(wanted: EnsembleWanted, observed: EnsembleObserved): MembersStatus {
  const view = viewEnsemble(wanted, observed);
  const all = membersToBe(view).filter(({ sid }) => !isImported(observed, sid));
  const serving = all.filter((member) => isSound(view, member));
  const target = isToHibernate(view) ? 0 : wanted.replicas + wanted.observers;
  return {
    members: all.map((member) => describeMember(view, member)),
    leaderSid: all.find(({ sid }) => sid === view.leader?.sid)?.sid ?? null,
    replicas: observed.recorded.sizes.members,
    readyReplicas: serving.filter(({ sid }) => componentOf(sid) === "members").length,
    memberSummary: `${serving.length}/${target}`,
  };
}

function describeMember(view: EnsembleView, member: ObservedMember): Omit<MemberStatus, "name"> {
  const { sid, report } = member;
  const isReady = isSound(view, member);
  const reason = isReady ? {} : { reason: whyNotReady(member) };
  const zxid = lastZxidOf(member);
  const known = zxid === null ? {} : { zxid: formatZxid(zxid) };
  if (report === null) return { id: sid, role: "none", ...known, ready: isReady, ...reason };
  return {
    id: sid,
    role: report.role === "learner" ? "observer" : report.role,
    ...known,
    ...(report.lag === null ? {} : { lag: report.lag }),
    configVersion: formatZxid(report.configVersion),
    ready: isReady,
    ...reason,
  };
}

function whyNotReady({ pod, report }: ObservedMember): string {
  if (pod === null) return "PodMissing";
  if (pod.state === "terminating") return "PodTerminating";
  if (pod.trouble !== null) return TROUBLES[pod.trouble];
  if (pod.state === "pending") return "PodPending";
  if (report === null) return "NoAnswer";
  if (report.diskProblem !== null) return DISK_PROBLEMS[report.diskProblem];
  return "NotSynchronised";
}
