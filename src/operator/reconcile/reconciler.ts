/**
 * One look at one ensemble: observe, plan, carry out one action, and say so. It holds nothing
 * between two looks that it could not do without, so that it may be stopped anywhere. What the
 * watches brought only tells whether there is something to do; what that is, is decided on what is
 * there now.
 */
import { readEnsemble } from "../api/index.ts";
import type { Ensemble } from "../api/index.ts";
import type { CheckSettings } from "../api/parse-ensemble.ts";
import type { Logger } from "../../observe/index.ts";
import { KubeError, nameOf } from "../kube/index.ts";
import type { EventRecorder, KubeClient, KubeObject, Timers, WorkResult } from "../kube/index.ts";
import { OperatorError } from "../operator-error.ts";
import type { EnsembleStep } from "../plan/ensemble-action.ts";
import { viewEnsemble } from "../plan/ensemble-view.ts";
import { planEnsemble } from "../plan/index.ts";
import { membersToReload } from "../plan/settings.ts";
import { describeAction, describeFailure, tell } from "./action-events.ts";
import { readAdminPassword } from "./admin-secret.ts";
import { applyFinalizers, carryOut } from "./carry-out.ts";
import type { OutwardAction } from "./carry-out.ts";
import type { ClusterReader, FullName } from "./cluster-reader.ts";
import {
  EnsembleMemories,
  isQuorumAwayForAMoment,
  newestOf,
  rememberWrite,
} from "./ensemble-memory.ts";
import type { EnsembleMemory } from "./ensemble-memory.ts";
import type { MemberAccess } from "./member-access.ts";
import { keepMonitoring } from "./monitoring.ts";
import { isBeingDeleted } from "./observe-pods.ts";
import { observe } from "./observe.ts";
import { readRecord } from "./record.ts";
import { readImportLogin } from "./import-secret.ts";
import type { Observation, ObserveOptions } from "./observe.ts";
import type { Subject } from "./live-children.ts";
import { markPods } from "./pod-marks.ts";
import { ENSEMBLE, FINALIZER } from "./resources.ts";
import { StatusKeeper, wantedOf } from "./status-keeper.ts";
import { findUnsupported } from "./unsupported.ts";

/** After an action, to see what became of it; the watches tell most of it at once. */
const AFTER_ACTION_MS = 200;

/** After something turned out to be different from what it seemed. */
const AFTER_CONFLICT_MS = 500;

/** After members refused something. */
const AFTER_REFUSAL_MS = 2_000;

/** While something is awaited that only members can tell; rarer when it takes long. */
const POLL_MS = 1_000;
const PATIENT_POLL_MS = 5_000;
const IMPATIENCE_MS = 120_000;

/** While everything is as wanted: members are asked, the API server is not. */
const IDLE_MS = 15_000;

/** What a reconciler works with. */
export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly cached: ClusterReader;
  readonly fresh: ClusterReader;
  readonly members: MemberAccess;
  readonly events: EventRecorder;
  readonly timers: Timers;
  readonly logger: Logger;
  /** The image of members unless the specification names one. */
  readonly defaultImage: string;
  readonly checkSettings: CheckSettings;
  /** A new identity for an ensemble. */
  readonly makeUid: () => string;
  /** Whether this operator may write at this moment. */
  readonly mayAct: () => boolean;
}

/** Looks after ensembles. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #logger: Logger;
  readonly #statuses: StatusKeeper;
  readonly #memories = new EnsembleMemories();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#statuses = new StatusKeeper(options);
  }

  /** One look at the ensemble of a key; the work of a queue. */
  async reconcile(key: string, signal: AbortSignal): Promise<WorkResult> {
    const cached = await this.#options.cached.get(ENSEMBLE, nameOf(key) as FullName);
    if (cached === undefined) {
      this.#memories.forget(key);
      return {};
    }
    const memory = this.#memories.of(key, cached.metadata.uid);
    const object = newestOf(cached, memory);
    const isReleased = isBeingDeleted(object) && !hasFinalizer(object);
    if (isReleased) return {};
    try {
      return await this.#look(object, memory, signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== "CONFLICT") throw error;
      this.#logger.debug("Something has changed meanwhile", { ensemble: key, error });
      return { requeueAfterMs: AFTER_CONFLICT_MS };
    }
  }

  async #look(
    object: KubeObject,
    memory: EnsembleMemory,
    signal: AbortSignal,
  ): Promise<WorkResult> {
    let ensemble: Ensemble;
    try {
      ensemble = readSpec(object, this.#options.checkSettings);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      await this.#statuses.refuse(object, error.problems.join("; "), memory);
      return {};
    }
    const subject = await this.#prepare(object, ensemble, memory);
    let observation = await this.#observe(subject, memory, false, signal);
    let step = planEnsemble(wantedOf(subject), observation.observed);
    if (step.action.kind !== "none" && step.action.kind !== "wait") {
      const now = await this.#readAgain(subject);
      observation = await this.#observe(now, memory, true, signal);
      step = planEnsemble(wantedOf(now), observation.observed);
    }
    const view = viewEnsemble(wantedOf(observation), observation.observed);
    const isWantedToServe = !ensemble.spec.hibernated && !isBeingDeleted(object);
    const nowMs = this.#options.timers.monotonicMs();
    if (isWantedToServe && isQuorumAwayForAMoment(memory, view, nowMs)) {
      // As while the leadership changes hands: no reason to act, nor to alarm anybody.
      return { requeueAfterMs: AFTER_CONFLICT_MS };
    }
    if (!ensemble.spec.paused && !isBeingDeleted(object)) {
      this.#checkLead();
      await markPods(observation, this.#options.client);
      await keepMonitoring(observation, memory, this.#options);
    }
    await this.#statuses.write(observation, step, memory);
    return this.#act(observation, step, memory, signal);
  }

  /** What has to be there before anything else: the finalizer if it is wanted, and the password. */
  async #prepare(object: KubeObject, ensemble: Ensemble, memory: EnsembleMemory): Promise<Subject> {
    const { paused, storage } = ensemble.spec;
    const isDeleted = isBeingDeleted(object);
    // Members that have joined others must leave them before they end.
    const importing = isImporting(ensemble);
    const wantsFinalizer = storage.retention.whenDeleted === "Delete" || importing;
    let newest = object;
    if (!paused && !isDeleted && wantsFinalizer !== hasFinalizer(object)) {
      this.#checkLead();
      const finalizers = wantsFinalizer ? [FINALIZER] : [];
      newest = await applyFinalizers(this.#options.client, object, finalizers);
      rememberWrite(memory, object, newest);
    }
    const mayCreate = !paused && !isDeleted && this.#options.mayAct();
    const { uid } = object.metadata;
    const { client } = this.#options;
    memory.adminPassword ??= await readAdminPassword(client, { ensemble, uid }, { mayCreate });
    if (importing) memory.importLogin ??= await readImportLogin(client, ensemble);
    const { adminPassword, importLogin } = memory;
    return { object: newest, ensemble, adminPassword, importLogin };
  }

  /** @param isFresh - whether to see all as it is now, and take nothing for known. */
  async #observe(
    subject: Subject,
    memory: EnsembleMemory,
    isFresh: boolean,
    signal: AbortSignal,
  ): Promise<Observation> {
    const { cached, fresh, members, defaultImage, timers } = this.#options;
    const { failedHandOvers, applied, refusals } = memory;
    const options: ObserveOptions = {
      reader: isFresh ? fresh : cached,
      cached,
      members,
      applied,
      defaultImage,
      isFresh,
      knownMembership: (reports) => memory.membership.recall(reports),
      failedHandOvers: (leader) => failedHandOvers.under(leader),
      refusals,
      wallMs: timers.wallMs(),
    };
    const observation = await observe(subject, options, signal);
    memory.membership.note(observation.observed);
    return observation;
  }

  async #act(
    observation: Observation,
    step: EnsembleStep,
    memory: EnsembleMemory,
    signal: AbortSignal,
  ): Promise<WorkResult> {
    const { action } = step;
    switch (action.kind) {
      case "none":
        memory.waitingSinceMs = null;
        return { requeueAfterMs: isReloading(observation) ? PATIENT_POLL_MS : IDLE_MS };
      case "wait":
        // It may be about the login, which may be another one by then.
        memory.importLogin = null;
        return { requeueAfterMs: this.#pollMs(memory) };
      case "recordForming":
      case "recordAdopted":
      case "recordImporting":
      case "recordRecovery":
      case "recordRunning":
      case "recordSizes":
        // Written with the status.
        tell(this.#options.events, observation.object, describeAction(observation.ensemble, step));
        return { requeueAfterMs: AFTER_ACTION_MS };
      default:
        memory.waitingSinceMs = null;
        return this.#carryOut(observation, { ...step, action }, memory, signal);
    }
  }

  async #carryOut(
    observation: Observation,
    step: EnsembleStep & { readonly action: OutwardAction },
    memory: EnsembleMemory,
    signal: AbortSignal,
  ): Promise<WorkResult> {
    const { client, members, defaultImage, timers } = this.#options;
    const { action, reason } = step;
    const { applied, refusals } = memory;
    const { namespace, name } = observation.ensemble.metadata;
    const logger = this.#logger.child({ ensemble: `${namespace}/${name}` });
    this.#checkLead();
    logger.info("Action", { action, reason });
    try {
      const wallMs = timers.wallMs();
      const options = { client, members, applied, refusals, defaultImage, wallMs };
      await carryOut(action, observation, options, signal);
    } catch (error) {
      if (action.kind === "transferLeadership") memory.failedHandOvers.note(action.from);
      const isRefusal = error instanceof OperatorError;
      const isOver = error instanceof KubeError && (error.retriable || error.code === "CONFLICT");
      if (isOver || !(error instanceof Error)) throw error;
      tell(this.#options.events, observation.object, describeFailure(step, error));
      if (!isRefusal) throw error;
      logger.warn("Action refused", { action, error });
      memory.importLogin = null;
      return { requeueAfterMs: AFTER_REFUSAL_MS };
    }
    tell(this.#options.events, observation.object, describeAction(observation.ensemble, step));
    return { requeueAfterMs: AFTER_ACTION_MS };
  }

  /** The ensemble as it is now, which has to be what was planned for. */
  async #readAgain(before: Subject): Promise<Subject> {
    const { object } = before;
    const name = { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
    const now = await this.#options.fresh.get(ENSEMBLE, name);
    if (now?.metadata.uid !== object.metadata.uid) {
      throw new KubeError("CONFLICT", "The ensemble is gone");
    }
    return { ...before, object: now, ensemble: readSpec(now, this.#options.checkSettings) };
  }

  #pollMs(memory: EnsembleMemory): number {
    const nowMs = this.#options.timers.monotonicMs();
    memory.waitingSinceMs ??= nowMs;
    return nowMs - memory.waitingSinceMs < IMPATIENCE_MS ? POLL_MS : PATIENT_POLL_MS;
  }

  #checkLead(): void {
    if (this.#options.mayAct()) return;
    throw new KubeError("CANCELLED", "This operator does not lead");
  }
}

/** Whether members are about to take settings up, which nothing but their answers tells. */
function isReloading(observation: Observation): boolean {
  return membersToReload(viewEnsemble(wantedOf(observation), observation.observed)).length > 0;
}

/** What is asked for; of one that is being deleted, that is of no consequence any more. */
function readSpec(object: KubeObject, checkSettings: CheckSettings): Ensemble {
  const { name } = object.metadata;
  if (isBeingDeleted(object)) return readEnsemble(object, name, () => []);
  const ensemble = readEnsemble(object, name, checkSettings);
  const problems = findUnsupported(ensemble);
  if (problems.length > 0) throw new OperatorError("UNSUPPORTED_CHANGE", problems);
  return ensemble;
}

function isImporting(ensemble: Ensemble): boolean {
  const { phase } = readRecord(ensemble);
  return ensemble.spec.bootstrap.import !== undefined && (phase === null || phase === "Importing");
}

function hasFinalizer({ metadata }: KubeObject): boolean {
  const finalizers = metadata["finalizers"] as readonly unknown[] | undefined;
  return finalizers?.includes(FINALIZER) === true;
}
