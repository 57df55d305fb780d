/**
 * Keeps the statuses of ensembles: writes one when it says something else, on the condition that
 * nobody else has changed the object, and tells in Events when an ensemble came to be ready, or
 * something broke.
 */
import type { ConditionContext } from "../api/conditions.ts";
import type { EnsembleSpec } from "../api/ensemble-spec.ts";
import type { EnsembleStatus } from "../api/ensemble-status.ts";
import { KubeError } from "../kube/index.ts";
import type { EventRecorder, KubeClient, KubeObject, Timers } from "../kube/index.ts";
import type { EnsembleStep } from "../plan/ensemble-action.ts";
import type { EnsembleWanted } from "../plan/ensemble-wanted.ts";
import { tell } from "./action-events.ts";
import { imageOf } from "./desired-children.ts";
import { rememberWrite } from "./ensemble-memory.ts";
import type { EnsembleMemory } from "./ensemble-memory.ts";
import type { Subject } from "./live-children.ts";
import { isBeingDeleted } from "./observe-pods.ts";
import type { Observation } from "./observe.ts";
import { recordAfter } from "./record.ts";
import { ENSEMBLE, FIELD_MANAGER } from "./resources.ts";
import { buildRefusedStatus, buildStatus, differs, saysSomethingElse } from "./status.ts";

/** How far members are is written at most so often, if that is all there is to say. */
const MOTION_MS = 600_000;

/** What statuses are kept with. */
export interface StatusKeeperOptions {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly timers: Timers;
  /** The image of members unless the specification names one. */
  readonly defaultImage: string;
  /** A new identity for an ensemble. */
  readonly makeUid: () => string;
  /** Whether this operator may write at this moment. */
  readonly mayAct: () => boolean;
}

/** Writes statuses. Its methods throw KubeError, with CONFLICT when somebody else has written. */
export class StatusKeeper {
  readonly #options: StatusKeeperOptions;

  constructor(options: StatusKeeperOptions) {
    this.#options = options;
  }

  /** Says what was observed and is going on; what the step is to write down is in it. */
  async write(observation: Observation, step: EnsembleStep, memory: EnsembleMemory): Promise<void> {
    const { object, ensemble, observed } = observation;
    const { defaultImage, makeUid } = this.#options;
    const next = buildStatus({
      observation,
      wanted: wantedOf(observation),
      step,
      recorded: recordAfter(observed.recorded, step.action, makeUid),
      image: imageOf(ensemble, defaultImage),
      context: this.#context(object),
    });
    await this.#save(object, next, memory);
  }

  /** Says that the specification cannot be had, and leaves everything else as it was. */
  async refuse(object: KubeObject, problem: string, memory: EnsembleMemory): Promise<void> {
    const next = buildRefusedStatus(statusOf(object), problem, this.#context(object));
    await this.#save(object, next, memory);
  }

  async #save(object: KubeObject, next: EnsembleStatus, memory: EnsembleMemory): Promise<void> {
    const { client, timers, mayAct } = this.#options;
    const before = statusOf(object);
    const nowMs = timers.monotonicMs();
    const isNews =
      saysSomethingElse(before, next) ||
      (nowMs - memory.statusWrittenMs >= MOTION_MS && differs(before, next));
    if (!isNews) return;
    if (!mayAct()) throw new KubeError("CANCELLED", "This operator does not lead");
    const { apiVersion, kind } = object;
    const { name, namespace = "", uid, resourceVersion } = object.metadata;
    const metadata = { name, namespace, uid, resourceVersion };
    const written = await client.apply(
      ENSEMBLE,
      { apiVersion, kind, metadata, status: next },
      { fieldManager: FIELD_MANAGER, force: true, subresource: "status" },
    );
    memory.statusWrittenMs = nowMs;
    rememberWrite(memory, object, written);
    this.#tellTransitions(object, before, next);
  }

  #tellTransitions(object: KubeObject, before: EnsembleStatus | null, next: EnsembleStatus): void {
    for (const { type, status, reason, message } of next.conditions ?? []) {
      const old = before?.conditions?.find((condition) => condition.type === type);
      if (old?.status === status && old.reason === reason) continue;
      const isBad =
        type === "Degraded"
          ? status === "True"
          : reason === "SpecRefused" || reason === "DeadlineExceeded";
      const isGood = type === "Ready" && status === "True";
      if (!isBad && !isGood) continue;
      tell(this.#options.events, object, {
        type: isBad ? "Warning" : "Normal",
        reason: isGood ? "Ready" : reason,
        action: "Observe",
        note: message,
      });
    }
  }

  #context({ metadata }: KubeObject): ConditionContext {
    const { generation } = metadata;
    const now = new Date(this.#options.timers.wallMs()).toISOString();
    return {
      generation: typeof generation === "number" ? generation : 0,
      now: now.replace(/\.[0-9]{3}Z$/u, "Z"),
    };
  }
}

/** What is asked for, as the planner wants it. */
export function wantedOf({ object, ensemble: { spec } }: Subject): EnsembleWanted {
  return {
    replicas: spec.replicas,
    observers: spec.observers,
    isPaused: spec.paused,
    isHibernated: spec.hibernated,
    isDeleted: isBeingDeleted(object),
    import:
      spec.bootstrap.import === undefined ? null : { takesOver: spec.bootstrap.import.takeOver },
    recovery: consentOf(spec),
    retention: spec.storage.retention,
  };
}

function consentOf({ recovery }: EnsembleSpec): EnsembleWanted["recovery"] {
  if (recovery === undefined) return null;
  const { survivor, ensembleUid, zxid, acceptDataLoss } = recovery;
  return { survivor, ensembleUid, zxid: BigInt(zxid), acceptsLoss: acceptDataLoss };
}

function statusOf(object: KubeObject): EnsembleStatus | null {
  return (object["status"] as EnsembleStatus | undefined) ?? null;
}
