/** What the simulated operator sees: objects as they are or were, members as they are. */
import type { EnsembleObserved } from "../../../src/operator/plan/index.ts";
import type { EnsembleModel } from "./ensemble-model.ts";
import type { Claim, KubeModel, Pod, Spec } from "./kube-model.ts";
import type { OldServers } from "./old-servers.ts";
import type { ObservedClaim, ObservedPod } from "./planner.ts";

/** The objects of one moment, as a cache of the API server may have them. */
export interface Snapshot {
  readonly spec: Spec;
  readonly recorded: EnsembleObserved["recorded"];
  readonly children: EnsembleObserved["children"];
  readonly pods: ReadonlyMap<number, ObservedPod>;
  readonly claims: ReadonlyMap<number, ObservedClaim>;
}

export function takeSnapshot(kube: KubeModel): Snapshot {
  const { spec, recorded, children, seen } = kube;
  const recoveredUid = recorded.recovery === null ? undefined : recorded.ensembleUid;
  const pods = [...kube.pods].map(([sid, pod]) => [sid, observePod(kube, pod)] as const);
  const claims = [...kube.claims].map(
    ([sid, claim]) => [sid, observeClaim(kube, sid, claim)] as const,
  );
  return {
    spec,
    recorded,
    children: {
      isCurrent:
        children.revision === spec.revision &&
        children.recovery?.uid === recoveredUid &&
        children.isRecovering === (recorded.phase === "Recovering"),
      isSettled: seen === children,
      isFounding: children.isFounding,
      sizes: children.sizes,
      outgrown: (["members", "observers"] as const).filter(
        (component) =>
          children.sizes[component] !== null && children.volumeSizes[component] < spec.volumeSize,
      ),
    },
    pods: new Map(pods),
    claims: new Map(claims),
  };
}

/** Whom an operator asks. */
export interface AskedModels {
  readonly ensemble: EnsembleModel;
  readonly old: OldServers;
  /** Those that do not answer. */
  readonly silent: ReadonlySet<number>;
}

/** Objects of a moment with what the members say now; `silent` ones do not answer. */
export function observe(
  snapshot: Snapshot,
  { ensemble, old, silent }: AskedModels,
  failedHandOvers: number,
): EnsembleObserved {
  const { recorded, children, pods, claims } = snapshot;
  const leaderSid = ensemble.leaderSid;
  const isHidden = leaderSid === null || silent.has(leaderSid) || recorded.phase === null;
  const committed = isHidden ? null : ensemble.config;
  const importable = old.isToBeRead(snapshot) ? old.read(silent) : null;
  const sids = new Set([
    ...pods.keys(),
    ...claims.keys(),
    ...(committed?.voters ?? []),
    ...(committed?.observers ?? []),
  ]);
  const members = [...sids]
    .sort((a, b) => a - b)
    .map((sid) => {
      const claim = claims.get(sid);
      return {
        sid,
        pod: pods.get(sid) ?? null,
        claims: claim === undefined ? [] : [claim],
        report: silent.has(sid) ? null : ensemble.reportOf(sid),
      };
    });
  return { recorded, children, committed, members, failedHandOvers, importable };
}

function observePod(kube: KubeModel, pod: Pod): ObservedPod {
  const { uid, state, isReady, restarts } = pod;
  const isCurrent =
    pod.revision === kube.spec.revision && pod.recovery?.uid === kube.children.recovery?.uid;
  return { uid, state, isCurrent, isReady, restarts, trouble: kube.troubleOf(pod) };
}

function observeClaim(kube: KubeModel, sid: number, claim: Claim): ObservedClaim {
  const { uid, state, ensembleUid, firstSid } = claim;
  const growth = growthOf(kube, sid, claim);
  return { name: `data-${sid}`, uid, state, ensembleUid, growth, firstSid };
}

function growthOf(kube: KubeModel, sid: number, claim: Claim): ObservedClaim["growth"] {
  const { volumeSize } = kube.spec;
  if (claim.request < volumeSize) return "short";
  if (claim.capacity >= volumeSize) return "none";
  const { pendingSinceTick } = claim;
  const pod = kube.pods.get(sid);
  const isMounted = pendingSinceTick !== null && pod !== undefined;
  return isMounted && pod.madeAtTick < pendingSinceTick ? "awaitsRestart" : "underway";
}
