/**
 * Handing the leadership over on request, and before this server stops. The core does it; this has
 * the clients of this server wait, and finds out what came of it.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { PacketType } from "../wire/index.ts";
import type { HandOverProblem, PeerEvent } from "../zab/index.ts";
import type { ClientHold } from "./client-hold.ts";
import type { Replica } from "./replica.ts";
import type { RequestRouter } from "./request-router.ts";

/** What came of a request to hand over. */
export type HandOverOutcome =
  | { readonly kind: "handed-over"; readonly leader: bigint; readonly tookMs: number }
  /** It was not begun: why, and who leads, if anybody. */
  | {
      readonly kind: "refused";
      readonly problem: HandOverProblem | "not-leading";
      readonly leader: bigint | undefined;
    }
  /** Nothing came of it: this server leads, or nobody whom it knows of. */
  | { readonly kind: "failed"; readonly leader: bigint | undefined };

export interface LeadershipOptions {
  readonly replica: Replica;
  readonly router: Pick<RequestRouter, "sendToLeader" | "relay">;
  /** This server's own clients. */
  readonly hold: ClientHold;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An election that takes longer is not waited for. */
const outcomeMsMax = 5000;

export class Leadership {
  readonly #options: LeadershipOptions;
  #settle: ((leader: bigint | undefined) => void) | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /** Hands over to `target`, or to any voter, and waits until there is a leader in service. */
  async handOver(target: bigint | undefined): Promise<HandOverOutcome> {
    const { replica, hold, clock, logger } = this.#options;
    const { peer } = replica;
    const { leader, leaderSid } = peer;
    const refused = (problem: HandOverProblem | "not-leading"): HandOverOutcome => {
      return { kind: "refused", problem, leader: peer.isServing ? leaderSid : undefined };
    };
    if (leader === undefined) return refused("not-leading");
    const problem = leader.handOver.begin(target);
    if (problem !== undefined) return refused(problem);
    const startedAtMs = clock.monotonicMs();
    replica.schedule();
    hold.hold(startedAtMs);
    logger.info("Handing over the leadership", { target });
    const next = await this.#nextLeader();
    const tookMs = Math.round(clock.monotonicMs() - startedAtMs);
    if (next === undefined || next === leaderSid) {
      logger.warn("The leadership was not handed over", { target, leader: next, tookMs });
      return { kind: "failed", leader: next };
    }
    logger.info("The leadership was handed over", { leader: next, tookMs });
    return { kind: "handed-over", leader: next, tookMs };
  }

  /**
   * Before this server stops: hands over if others can go on without it, so that nobody has to find
   * out. Where they cannot, they look for a leader at once, and serve readers meanwhile.
   */
  async resign(): Promise<void> {
    const { leader } = this.#options.replica.peer;
    if (leader?.handOver.canBeSpared === true) await this.handOver(undefined);
  }

  /** To be told of all events of the core. */
  event(event: PeerEvent): void {
    const { replica, router, hold, clock } = this.#options;
    if (event.kind === "hold") {
      hold.hold(clock.monotonicMs());
      router.relay.hold();
      router.sendToLeader({ type: PacketType.hold, zxid: -1n, data: null });
    } else if (event.kind === "release") {
      hold.release();
      router.relay.release();
      this.#settle?.(replica.peer.leaderSid);
    } else if (event.kind === "role" && event.serving) {
      this.#settle?.(event.leader);
    }
  }

  #nextLeader(): Promise<bigint | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle?.(undefined), outcomeMsMax);
      this.#settle = (leader) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(leader);
      };
    });
  }
}
