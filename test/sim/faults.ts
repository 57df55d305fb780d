/**
 * Injects faults at random times, and heals them. Which kinds there are and how often they come
 * is in `FaultOptions`. Every fault is one that the core must survive with its promises kept; it
 * may stop serving, and must serve again after `heal`.
 */
import { randomInt } from "../../src/base/index.ts";
import type { FaultOptions } from "./options.ts";
import type { Server, World } from "./world.ts";

export class Faults {
  readonly #world: World;
  readonly #options: FaultOptions;
  #isOn = true;

  constructor(world: World) {
    this.#world = world;
    this.#options = world.options.faults;
  }

  start(): void {
    const { snapshotEveryMs } = this.#world.options;
    const options = this.#options;
    this.#every(options.crashEveryMs, () => this.#crash());
    this.#every(options.partitionEveryMs, () => this.#partition());
    this.#every(options.linkResetEveryMs, () => this.#world.streams.resetOne());
    this.#every(options.electionResetEveryMs, () => {
      this.#world.elections.reset(this.#anyServer().sid, this.#anyServer().sid);
    });
    this.#every(options.freezeEveryMs, () => this.#freeze());
    this.#every(options.forgeEveryMs, () => this.#forgeVotes());
    this.#every(options.slowDiskEveryMs, () => this.#slowDown());
    this.#every(snapshotEveryMs, () => this.#anyServer().takeSnapshot());
  }

  /** No more faults, everybody is up and reachable. */
  heal(): void {
    this.#isOn = false;
    const { network, servers } = this.#world;
    network.isCalm = true;
    this.#world.elections.forge(new Map());
    for (const server of servers) {
      server.disk.slowness = 1;
      server.thaw();
      server.start();
    }
    network.unblockAll();
  }

  /** Repeats `fault` at random intervals with a mean of `everyMs`; 0 is never. */
  #every(everyMs: number, fault: () => void): void {
    if (everyMs === 0) return;
    const { random, scheduler } = this.#world;
    scheduler.after(randomInt(random, 1, everyMs * 2), () => {
      if (!this.#isOn) return;
      fault();
      this.#every(everyMs, fault);
    });
  }

  #crash(): void {
    const { random, scheduler, servers } = this.#world;
    const isAll = random.next() < this.#options.crashAllChance;
    const server = this.#victim();
    for (const victim of isAll ? servers : [server]) {
      if (!victim.isUp) continue;
      victim.crash();
      scheduler.after(randomInt(random, 1, this.#options.downMaxMs), () => victim.start());
    }
  }

  /** Cuts the servers into two groups, or one server from another, for a while. */
  #partition(): void {
    const { random, scheduler, network, servers, trace } = this.#world;
    const { asymmetricChance, partitionMaxMs } = this.#options;
    const isPair = random.next() < 0.3;
    const isAlone = random.next() < 0.4;
    const one = this.#victim();
    const other = this.#anyServer();
    const group = new Set(
      servers.filter((server) => server === one || (!isPair && !isAlone && random.next() < 0.4)),
    );
    const isAsymmetric = random.next() < asymmetricChance;
    const isCut = (from: Server, to: Server): boolean =>
      group.has(from) && !group.has(to) && (!isPair || to === other);
    const unblocks: (() => void)[] = [];
    for (const from of servers) {
      for (const to of servers) {
        if (!isCut(from, to)) continue;
        unblocks.push(network.block(from.sid, to.sid));
        if (!isAsymmetric) unblocks.push(network.block(to.sid, from.sid));
        this.#breakLink(from.sid, to.sid);
      }
    }
    const sids = [...group].map(({ sid }) => sid);
    trace.note(scheduler.nowMs, 0n, isAsymmetric ? "partition, one way" : "partition", sids);
    scheduler.after(randomInt(random, 50, partitionMaxMs), () => {
      for (const unblock of unblocks) unblock();
      trace.note(scheduler.nowMs, 0n, "partition ends", sids);
    });
  }

  /** What a partition does to the connections of two servers, besides holding packets back. */
  #breakLink(one: bigint, other: bigint): void {
    const { random, elections, streams } = this.#world;
    const { partitionResetChance, giveUpChance } = this.#options;
    const isBetween = (a: bigint, b: bigint): boolean =>
      (a === one && b === other) || (a === other && b === one);
    if (random.next() < partitionResetChance) {
      elections.reset(one, other);
      streams.resetOne(isBetween);
    }
    if (random.next() < giveUpChance) streams.giveUpOne(isBetween);
  }

  #freeze(): void {
    const { random, scheduler } = this.#world;
    const server = this.#victim();
    if (!server.isUp || server.isFrozen) return;
    server.freeze();
    scheduler.after(randomInt(random, 50, this.#options.freezeMaxMs), () => server.thaw());
  }

  /** For a while, servers that look for a leader elect one or the other of two. */
  #forgeVotes(): void {
    const { random, scheduler, options, elections, sids, trace } = this.#world;
    const leaders = [0, 1].map(() => BigInt(1 + randomInt(random, 0, options.voters)));
    const favourites = new Map<bigint, bigint>();
    for (const sid of sids) favourites.set(sid, leaders[randomInt(random, 0, 2)]!);
    for (const leader of leaders) favourites.set(leader, leader);
    elections.forge(favourites);
    trace.note(scheduler.nowMs, 0n, "votes are forged for", leaders);
    scheduler.after(randomInt(random, 50, 1_500), () => {
      elections.forge(new Map());
      trace.note(scheduler.nowMs, 0n, "votes are honest again");
    });
  }

  #slowDown(): void {
    const { random, scheduler } = this.#world;
    const { disk } = this.#victim();
    disk.slowness = this.#options.slowDiskFactor;
    scheduler.after(randomInt(random, 100, 2_000), () => {
      disk.slowness = 1;
    });
  }

  #victim(): Server {
    const { random, servers } = this.#world;
    const leaders = servers.filter(({ peer }) => peer?.role === "leading");
    if (leaders.length === 0 || random.next() >= this.#options.leaderBias) return this.#anyServer();
    return leaders[randomInt(random, 0, leaders.length)]!;
  }

  #anyServer(): Server {
    const { random, servers } = this.#world;
    return servers[randomInt(random, 0, servers.length)]!;
  }
}
