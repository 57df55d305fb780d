/**
 * Tells what becomes of an ensemble as a whole, once each: that it serves, that it does not any
 * more, that its members are others, and what it waits for when that takes long.
 */
import type { EnsembleStep } from "../plan/ensemble-action.ts";
import { hasQuorum, isSound, membersToBe } from "../plan/ensemble-view.ts";
import type { EnsembleView } from "../plan/ensemble-view.ts";
import { membersToReload } from "../plan/settings.ts";
import type { MemberReport } from "./local-member.ts";

/** Something that happened to the ensemble. */
export type EnsembleEvent =
  /** A quorum serves, for the first time or again. */
  | { readonly kind: "serving"; readonly members: readonly MemberReport[] }
  /** The quorum that served is gone. */
  | { readonly kind: "quorumLost" }
  /** Nothing serves yet though some time has passed. */
  | { readonly kind: "stillWaiting"; readonly members: readonly MemberReport[] }
  /** Everything is as wanted, with other members than before. */
  | { readonly kind: "membersChanged"; readonly members: readonly MemberReport[] }
  /** All members have taken other settings up, without a restart. */
  | { readonly kind: "settingsTakenUp" }
  /** There is something to do and no safe step now. */
  | { readonly kind: "waiting"; readonly reason: string };

/** How long the announcement waits for the members that a quorum can do without. */
const ANNOUNCE_HOLD_MS = 1000;
/** How long no quorum may serve, as while the leadership changes hands, before that is said. */
const QUORUM_GRACE_MS = 1000;
const STILL_WAITING_MS = 15_000;
/** How long one and the same thing is waited for before it is said. */
const WAIT_GRACE_MS = 5000;

export interface AnnouncerOptions {
  readonly report: () => readonly MemberReport[];
  readonly onEvent: (event: EnsembleEvent) => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  #isAnnounced = false;
  /** Since when the quorum has been serving without interruption; null when it does not. */
  #servingSinceMs: number | null = null;
  /** When a quorum was seen last, or was said to be waited for. */
  #waitingSinceMs: number;
  #members = "";
  #isReloading = false;
  #wait: { readonly reason: string; readonly sinceMs: number; isTold: boolean } | null = null;

  constructor(options: AnnouncerOptions, nowMs: number) {
    this.#options = options;
    this.#waitingSinceMs = nowMs;
  }

  /** Whether a quorum serves, as far as was told. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Tells what is new in `view`; `step` is the planner's answer to it. */
  update(view: EnsembleView, step: EnsembleStep, nowMs: number): void {
    if (!hasQuorum(view)) {
      this.#updateWithout(nowMs);
      return;
    }
    this.#servingSinceMs ??= nowMs;
    this.#waitingSinceMs = nowMs;
    const isComplete = membersToBe(view).every((member) => isSound(view, member));
    const isHeldLongEnough = nowMs - this.#servingSinceMs >= ANNOUNCE_HOLD_MS;
    if (!this.#isAnnounced && (isComplete || isHeldLongEnough)) {
      this.#isAnnounced = true;
      this.#tellMembers("serving", view);
    }
    if (!this.#isAnnounced) return;
    if (step.action.kind === "none") this.#tellMembers("membersChanged", view);
    this.#updateSettings(view);
    this.#updateWait(step, nowMs);
  }

  #updateWithout(nowMs: number): void {
    this.#servingSinceMs = null;
    const waitedMs = nowMs - this.#waitingSinceMs;
    if (this.#isAnnounced && waitedMs >= QUORUM_GRACE_MS) {
      this.#isAnnounced = false;
      this.#options.onEvent({ kind: "quorumLost" });
    }
    if (waitedMs < STILL_WAITING_MS) return;
    this.#waitingSinceMs = nowMs;
    this.#options.onEvent({ kind: "stillWaiting", members: this.#options.report() });
  }

  #tellMembers(kind: "serving" | "membersChanged", { observed }: EnsembleView): void {
    const { voters = [], observers = [] } = observed.committed ?? {};
    const members = JSON.stringify([voters.toSorted(), observers.toSorted()]);
    if (kind === "membersChanged" && members === this.#members) return;
    this.#members = members;
    this.#options.onEvent({ kind, members: this.#options.report() });
  }

  #updateSettings(view: EnsembleView): void {
    const wasReloading = this.#isReloading;
    this.#isReloading = membersToReload(view).length > 0;
    if (wasReloading && !this.#isReloading) this.#options.onEvent({ kind: "settingsTakenUp" });
  }

  #updateWait({ action, reason }: EnsembleStep, nowMs: number): void {
    if (action.kind !== "wait") this.#wait = null;
    else if (this.#wait?.reason !== reason) this.#wait = { reason, sinceMs: nowMs, isTold: false };
    const wait = this.#wait;
    if (wait === null || wait.isTold || nowMs - wait.sinceMs < WAIT_GRACE_MS) return;
    wait.isTold = true;
    this.#options.onEvent({ kind: "waiting", reason });
  }
}
