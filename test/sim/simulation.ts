/**
 * One run: builds the cluster that a seed stands for, lets clients write while faults happen,
 * checking safety all along; then heals everything and demands that the cluster comes to one
 * history and commits once more. A run depends on nothing but its seed and options.
 */
import { seededRandom } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import { bitCount, defaultTiming, majorityRule } from "../../src/zab/index.ts";
import type { PeerOptions, QuorumRule } from "../../src/zab/index.ts";
import { isSame, labelled } from "./chain.ts";
import { Checkers } from "./checkers/checkers.ts";
import { ElectionChannels } from "./election-channels.ts";
import { Faults } from "./faults.ts";
import { Network } from "./network.ts";
import type { Mutation, SimOptions } from "./options.ts";
import { optionsOf } from "./options.ts";
import { Scheduler } from "./scheduler.ts";
import { SimServer } from "./sim-server.ts";
import { Streams } from "./streams.ts";
import { Trace } from "./trace.ts";
import type { Print } from "./trace.ts";
import { Violation } from "./violation.ts";
import { Workload } from "./workload.ts";
import type { World } from "./world.ts";

export interface RunRequest {
  readonly seed: number;
  readonly mutation?: Mutation | undefined;
  /** Check only what clients could notice, not what is on whose disk. */
  readonly isBlackBox?: boolean;
  /** Replaces options that the seed drew. */
  readonly override?: Partial<SimOptions>;
  /** Gets the trace line by line. */
  readonly print?: Print | undefined;
}

export interface RunResult {
  /** Two runs of one request have the same. */
  readonly traceHash: number;
  readonly committed: number;
  readonly epochs: number;
  readonly actions: number;
  /** Virtual time from healing to convergence. */
  readonly healedAfterMs: number;
}

/**
 * Runs one simulation to its end.
 *
 * @throws SimulationFailure when a promise is broken, by a checker's or the core's own finding.
 */
export function runSimulation(request: RunRequest): RunResult {
  const options = { ...optionsOf(request.seed, request.mutation), ...request.override };
  try {
    return new Simulation(request, options).run();
  } catch (error) {
    throw new SimulationFailure(request, options, error);
  }
}

/** Why a run failed, and how to repeat it. */
/** How often the time to heal is given to disks that have much to write still. */
const HEAL_TURNS_MAX = 4;

export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  /** The rule of the violation; undefined when the core itself gave up. */
  readonly rule: string | undefined;

  constructor({ seed, mutation }: RunRequest, options: SimOptions, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const flags = mutation === undefined ? "" : ` --mutation ${mutation}`;
    const repeat = `node test/sim/main.ts --seed ${seed}${flags} --verbose`;
    super(`Seed ${seed}: ${reason}\n  repeat: ${repeat}\n  options: ${JSON.stringify(options)}`, {
      cause,
    });
    this.rule = cause instanceof Violation ? cause.rule : undefined;
  }
}

class Simulation {
  readonly #world: World;
  readonly #workload: Workload;
  readonly #faults: Faults;

  constructor({ seed, isBlackBox, print }: RunRequest, options: SimOptions) {
    const scheduler = new Scheduler();
    const random = seededRandom(seed);
    const network = new Network(random, options);
    const peerOptions = peerOptionsOf(options, random);
    const { voters, observers } = peerOptions.membership;
    const servers: SimServer[] = [];
    const bySid = new Map<bigint, SimServer>();
    const disksOfVoters = (): ReturnType<typeof labelled>[] =>
      servers.slice(0, options.voters).map(({ disk }) => labelled(disk.content.tip));
    this.#world = {
      options,
      peerOptions,
      scheduler,
      random,
      network,
      streams: new Streams(scheduler, random, network),
      elections: new ElectionChannels(scheduler, random, network, (from, to, message) =>
        bySid.get(to)?.notify(from, message),
      ),
      checkers: new Checkers(isBlackBox === true ? undefined : disksOfVoters),
      trace: new Trace(() => scheduler.nowMs, print),
      servers,
      sids: [...voters, ...observers],
      server: (sid) => bySid.get(sid),
    };
    for (const sid of this.#world.sids) {
      const server = new SimServer(sid, this.#world);
      servers.push(server);
      bySid.set(sid, server);
    }
    this.#workload = new Workload(this.#world);
    this.#faults = new Faults(this.#world);
  }

  run(): RunResult {
    const { scheduler, options, servers, checkers, trace } = this.#world;
    for (const server of servers) server.start();
    this.#workload.start();
    this.#faults.start();
    scheduler.run(options.faultyMs);
    this.#faults.heal();
    this.#workload.stop();
    trace.note(scheduler.nowMs, 0n, "healed");
    this.#converge();
    // A healthy ensemble commits a new write.
    const before = checkers.committed.count;
    this.#workload.write(0);
    scheduler.run(scheduler.nowMs + options.healMaxMs, () => {
      return checkers.committed.count > before && this.#isConverged();
    });
    if (checkers.committed.count === before || !this.#isConverged()) this.#failToConverge();
    return {
      traceHash: trace.hash,
      committed: checkers.committed.count,
      epochs: checkers.epochCount,
      actions: scheduler.actionCount,
      healedAfterMs: scheduler.nowMs - options.faultyMs,
    };
  }

  /** A slow disk that has a history to write still is given the time anew, a few times. */
  #converge(): void {
    const { scheduler, options, servers } = this.#world;
    for (let turn = 0; turn < HEAL_TURNS_MAX; turn++) {
      scheduler.run(scheduler.nowMs + options.healMaxMs, () => this.#isConverged());
      if (this.#isConverged()) return;
      if (!servers.some(({ disk }) => disk.isBusy)) break;
    }
    this.#failToConverge();
  }

  /** Everybody serves, and has exactly what is committed. */
  #isConverged(): boolean {
    const { servers, checkers } = this.#world;
    const { committed } = checkers;
    return servers.every(({ peer, state }) => {
      return peer?.isServing === true && isSame(labelled(state), committed);
    });
  }

  #failToConverge(): never {
    const { servers, options } = this.#world;
    const states = servers.map(({ sid, peer, state }) => {
      const service = peer?.isServing === true ? "serving" : "not serving";
      return `server ${sid} ${peer?.role ?? "down"}, ${service}, at ${state.label.toString(16)}`;
    });
    const text = `${options.healMaxMs} ms after the last fault: ${states.join("; ")}`;
    throw new Violation("a healed ensemble serves", text);
  }
}

function peerOptionsOf(options: SimOptions, random: Random): World["peerOptions"] {
  const sids = Array.from({ length: options.voters + options.observers }, (_, index) =>
    BigInt(index + 1),
  );
  const { mutation } = options;
  const rule = mutation === undefined ? undefined : mutatedRules[mutation];
  const peerOptions: Omit<PeerOptions, "sid" | "logger" | "disk"> = {
    membership: {
      voters: sids.slice(0, options.voters),
      observers: sids.slice(options.voters),
      version: 0n,
      text: "",
    },
    timing: {
      ...defaultTiming,
      tickMs: options.tickMs,
      initLimitTicks: options.initLimitTicks,
      syncLimitTicks: options.syncLimitTicks,
      finalizeWaitMs: options.finalizeWaitMs,
      rebroadcastMaxMs: options.rebroadcastMaxMs,
    },
    historyLimits: { entriesMax: options.historyEntriesMax, bytesMax: 1 << 20 },
    counterMax: options.counterMax,
    observers: {
      hasMasters: options.observerMasters,
      reconnectDelayMs: options.observerPauseMs,
      electionDelayMs: options.observerPauseMs,
      random,
    },
  };
  return rule === undefined ? peerOptions : { ...peerOptions, quorumRule: rule };
}

const mutatedRules: Partial<Record<Mutation, QuorumRule>> = {
  "double-vote": {
    isQuorum: (mask, voterCount) => (bitCount(mask) + (mask & 1)) * 2 > voterCount,
  },
  "early-commit": {
    isQuorum: (mask, voterCount, question) =>
      question === "commit" ? mask !== 0 : majorityRule.isQuorum(mask, voterCount, question),
  },
  "unconfirmed-sync": {
    isQuorum: (mask, voterCount, question) =>
      question === "sync" || majorityRule.isQuorum(mask, voterCount, question),
  },
};
