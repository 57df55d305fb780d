/**
 * Runs an ensemble on this machine: the local adapter of the planner. It observes processes,
 * folders and what members say, asks the planner for the next action, carries that one out, and
 * starts over, until the ensemble is stopped. What is wanted may change meanwhile. What happens is
 * told to a listener; what is printed is not its business.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import type { Ensemble } from "../api/index.ts";
import {
  FailedHandOvers,
  KnownMembership,
  NetworkMemberAccess,
  operatorDigest,
} from "../members/index.ts";
import { OperatorError } from "../operator-error.ts";
import type { EnsembleAction, EnsembleStep } from "../plan/ensemble-action.ts";
import { hasQuorum, viewEnsemble } from "../plan/ensemble-view.ts";
import { planEnsemble } from "../plan/index.ts";
import type { EnsembleWanted } from "../plan/index.ts";
import type { MemberAccess } from "../reconcile/member-access.ts";
import { Announcer } from "./announcer.ts";
import type { EnsembleEvent } from "./announcer.ts";
import { carryOut } from "./carry-out.ts";
import { LocalFolder } from "./local-folder.ts";
import type { MemberEvent, MemberReport } from "./local-member.ts";
import { LocalProcesses } from "./local-processes.ts";
import { localServerLine } from "./member-files.ts";
import type { ServerCommand } from "./member-process.ts";
import { Nap } from "./nap.ts";
import { observeLocal } from "./observe.ts";
import type { LocalObservation, LocalParts } from "./observe.ts";
import { describeProgress } from "./progress.ts";
import type { Progress } from "./progress.ts";

/** What is run, and how. */
export interface LocalEnsembleOptions {
  readonly ensemble: Ensemble;
  /** The ensemble's folder; created when it does not exist. */
  readonly folder: string;
  /** First client port of a new ensemble; 0 for any, null for 2181. */
  readonly clientPortBase: number | null;
  /** First port between members of a new ensemble; 0 for any, null for free ones from 28880. */
  readonly peerPortBase: number | null;
  readonly server: ServerCommand;
  readonly clock: Clock;
  /** Process id of this process, which is the holder of the folder's lock. */
  readonly pid: number;
  /** Called for everything that happens, in order. */
  readonly onEvent: (event: LocalEvent) => void;
}

/** Something that happened. */
export type LocalEvent =
  | MemberEvent
  | EnsembleEvent
  /** Something was done, or could not be done. */
  | ({ readonly kind: "progress" } & Progress);

/** After an action, to see what became of it. */
const AFTER_ACTION_MS = 20;
/** After something could not be done. */
const AFTER_REFUSAL_MS = 2_000;
/** While something is awaited that only members can tell. */
const POLL_MS = 100;
/** While everything is as wanted; the end of a process is noticed at once regardless. */
const IDLE_MS = 1_000;
/** For so long a change of leader may leave the ensemble without a quorum. */
const MOMENT_MS = 4_000;

const PASSWORD_BYTES = 24;

/** An ensemble of local processes. */
export class LocalEnsemble {
  readonly #options: LocalEnsembleOptions;
  readonly #folder: LocalFolder;
  readonly #processes: LocalProcesses;
  readonly #members: MemberAccess;
  readonly #announcer: Announcer;
  /** The operator's own, for this run: all members are started by it. */
  readonly #adminPassword = randomBytes(PASSWORD_BYTES).toString("base64url");
  readonly #membership = new KnownMembership();
  /** Between two looks. */
  readonly #nap = new Nap();
  #ensemble: Ensemble;
  #isStopping = false;
  /** Ends the look that is under way. */
  #looking = new AbortController();
  #failure: Error | null = null;
  readonly #failedHandOvers = new FailedHandOvers();
  #quorumSeenMs: number | null = null;
  /** What could not be done when it was tried last. */
  #refusal: string | null = null;

  private constructor(options: LocalEnsembleOptions, folder: LocalFolder) {
    const { clock, server, onEvent } = options;
    this.#options = options;
    this.#folder = folder;
    this.#ensemble = options.ensemble;
    this.#processes = new LocalProcesses({
      clock,
      describe: (sid) => ({ ports: folder.portsOf(sid), paths: folder.pathsOf(sid), server }),
      onEvent: (event) => {
        onEvent(event);
        if (event.kind === "memberFailed" || event.kind === "memberStopped") this.#nap.wake();
      },
      onFailure: (error) => this.#fail(error),
    });
    this.#members = new NetworkMemberAccess({
      portsOf: (_, sid) => {
        const { adminPort, clientPort } = folder.portsOf(sid);
        return { admin: adminPort, client: clientPort };
      },
      lineOf: (_, sid, role) => localServerLine(folder.portsOf(sid), role),
    });
    const report = (): MemberReport[] => this.report();
    this.#announcer = new Announcer({ report, onEvent }, clock.monotonicMs());
  }

  /**
   * Takes the folder and the ports; starts nothing yet. When it fails it leaves nothing behind.
   *
   * @throws OperatorError FILE_ACCESS, LOCKED, PORT_TAKEN or UNSUPPORTED_CHANGE.
   */
  static async open(options: LocalEnsembleOptions): Promise<LocalEnsemble> {
    return new LocalEnsemble(options, await LocalFolder.open(options));
  }

  /**
   * Runs the ensemble until `stop()` has taken effect, then releases the folder.
   *
   * @throws OperatorError when it cannot run; every member has been stopped then.
   */
  async run(): Promise<void> {
    try {
      while (!this.#isStopping) {
        // One for each look: signals that follow a long-lived one gather on it.
        this.#looking = new AbortController();
        await this.#nap.pause(await this.#look(this.#looking.signal));
      }
    } catch (error) {
      // What was being done when it was to stop is of no interest any more.
      if (!this.#isStopping) this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.#processes.stop();
    await this.#processes.stopped;
    this.#folder.close();
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Wants something else of the ensemble from now on.
   *
   * @throws OperatorError UNSUPPORTED_CHANGE when that is another ensemble.
   */
  want(ensemble: Ensemble): void {
    const { name, namespace } = this.#ensemble.metadata;
    if (ensemble.metadata.name !== name || ensemble.metadata.namespace !== namespace) {
      throw new OperatorError(
        "UNSUPPORTED_CHANGE",
        `metadata: expected '${namespace}/${name}', as an ensemble keeps its name, found ` +
          `'${ensemble.metadata.namespace}/${ensemble.metadata.name}'`,
      );
    }
    this.#ensemble = ensemble;
    this.#nap.wake();
  }

  /** Stops all members, the leader last; `run()` then returns. */
  stop(): void {
    this.#isStopping = true;
    this.#looking.abort();
    this.#nap.wake();
  }

  /** Ends all members at once; to be called after `stop()`. */
  kill(): void {
    this.#processes.kill();
  }

  /** The members as they were last seen. */
  report(): MemberReport[] {
    return this.#processes.report();
  }

  /** One look: observe, plan, do one thing. @returns how long to pause. */
  async #look(signal: AbortSignal): Promise<number> {
    const ensemble = this.#ensemble;
    const wanted = wantedOf(ensemble);
    let observation = await this.#observe(ensemble, false, signal);
    let step = planEnsemble(wanted, observation.observed);
    if (isToAct(step)) {
      observation = await this.#observe(ensemble, true, signal);
      step = planEnsemble(wanted, observation.observed);
    }
    signal.throwIfAborted();
    const nowMs = this.#options.clock.monotonicMs();
    const view = viewEnsemble(wanted, observation.observed);
    this.#announcer.update(view, step, nowMs);
    if (hasQuorum(view)) {
      this.#quorumSeenMs = nowMs;
      this.#processes.noteServed();
    } else if (this.#quorumSeenMs !== null && nowMs - this.#quorumSeenMs < MOMENT_MS) {
      // As while the leadership changes hands: no reason to act.
      return POLL_MS;
    }
    return this.#act(ensemble, step, observation, signal);
  }

  /** @param isFresh - whether to take nothing for known. */
  async #observe(
    ensemble: Ensemble,
    isFresh: boolean,
    signal: AbortSignal,
  ): Promise<LocalObservation> {
    const observation = await observeLocal(
      {
        ...this.#partsFor(ensemble),
        target: { ensemble, adminPassword: this.#adminPassword, imported: null },
        knownMembership: (reports) => (isFresh ? null : this.#membership.recall(reports)),
        failedHandOvers: (leader) => this.#failedHandOvers.under(leader),
      },
      signal,
    );
    this.#membership.note(observation.observed);
    return observation;
  }

  async #act(
    ensemble: Ensemble,
    step: EnsembleStep,
    observation: LocalObservation,
    signal: AbortSignal,
  ): Promise<number> {
    const { action } = step;
    if (!isToAct(step)) return action.kind === "none" ? IDLE_MS : POLL_MS;
    // A process that ends says so itself, and why comes first.
    if (action.kind === "deletePod") this.#tell(describeProgress(step));
    try {
      await carryOut(action, observation, this.#partsFor(ensemble), signal);
    } catch (error) {
      this.#noteFailure(action, error);
      return AFTER_REFUSAL_MS;
    }
    this.#refusal = null;
    if (action.kind !== "deletePod") this.#tell(describeProgress(step));
    return AFTER_ACTION_MS;
  }

  #tell(progress: Progress | null): void {
    if (progress !== null) this.#options.onEvent({ kind: "progress", ...progress });
  }

  /** What serves goes on serving though something cannot be done to it. */
  #noteFailure(action: EnsembleAction, error: unknown): void {
    if (action.kind === "transferLeadership") this.#failedHandOvers.note(action.from);
    const isPassing = error instanceof OperatorError && this.#quorumSeenMs !== null;
    if (!isPassing || this.#isStopping) throw error;
    const note = error.problems.join("; ");
    if (note === this.#refusal) return;
    this.#refusal = note;
    this.#options.onEvent({ kind: "progress", reason: "ActionFailed", note });
  }

  #partsFor({ spec }: Ensemble): LocalParts {
    return {
      folder: this.#folder,
      processes: this.#processes,
      members: this.#members,
      decisions: { config: spec.config, operatorDigest: operatorDigest(this.#adminPassword) },
    };
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.stop();
  }
}

function isToAct({ action }: EnsembleStep): boolean {
  return action.kind !== "none" && action.kind !== "wait";
}

function wantedOf({ spec }: Ensemble): EnsembleWanted {
  return {
    replicas: spec.replicas,
    observers: spec.observers,
    isPaused: false,
    isHibernated: false,
    isDeleted: false,
    import: null,
    recovery: null,
    retention: spec.storage.retention,
  };
}
