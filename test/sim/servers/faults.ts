/**
 * Injects faults at random times, and heals them. Which kinds there are and how often they come is
 * in `FaultOptions`. Every fault is one that the ensemble must survive with its promises kept; it
 * may stop serving, and must serve again after `heal`.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { SimFile } from "../machine/sim-file.ts";
import type { FaultOptions } from "./options.ts";
import type { Server, World } from "./world.ts";

/** Operations of a disk within which a crash comes that waits for one. */
const boundaryMax = 12;

export class Faults {
  readonly #world: World;
  readonly #options: FaultOptions;
  readonly #disturbed: () => void;
  #isOn = true;
  /** The server whose disk was lost or damaged last, and which file was damaged. */
  #spoilt: { readonly server: Server; readonly file: SimFile | undefined } | undefined;

  /** @param disturbed is told when a fault comes, and when it goes, that keeps messages back. */
  constructor(world: World, disturbed: () => void) {
    this.#world = world;
    this.#options = world.options.faults;
    this.#disturbed = disturbed;
  }

  start(): void {
    const options = this.#options;
    const { network, random } = this.#world;
    this.#every(options.crashEveryMs, () => this.#crash());
    this.#every(options.stopEveryMs, () => this.#victim().stop());
    this.#every(options.partitionEveryMs, () => this.#partition());
    this.#every(options.linkResetEveryMs, () => {
      network.resetOne((_, to) => to.port !== 2181);
    });
    this.#every(options.clientResetEveryMs, () => {
      network.resetOne((_, to) => to.port === 2181);
    });
    this.#every(options.freezeEveryMs, () => this.#freeze());
    this.#every(options.slowDiskEveryMs, () => this.#slowDown());
    this.#every(options.diskErrorEveryMs, () => this.#victim().failDisk());
    this.#every(options.clockJumpEveryMs, () => {
      const { clockJumpMaxMs: max } = options;
      this.#anyServer().jumpClock(randomInt(random, -max, max + 1));
    });
    this.#every(options.wipeEveryMs, () => this.#wipe());
    this.#every(options.rotEveryMs, () => this.#rot());
  }

  /** No more faults, everybody is up and reachable. */
  heal(): void {
    this.#isOn = false;
    const { network, servers } = this.#world;
    network.isCalm = true;
    for (const server of servers) {
      server.disk.slowness = 1;
      server.disk.nextError = undefined;
      server.crashAfter(Infinity);
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
      this.#disturbed();
      fault();
      this.#every(everyMs, fault);
    });
  }

  /** Ends a fault after a random time, at most `maxMs`. */
  #later(maxMs: number, end: () => void): void {
    const { random, scheduler } = this.#world;
    scheduler.after(randomInt(random, 1, maxMs), () => {
      this.#disturbed();
      end();
    });
  }

  #crash(): void {
    const { random, servers } = this.#world;
    const options = this.#options;
    const isAll = random.next() < options.crashAllChance;
    const isPowerLoss = isAll || random.next() < options.powerChance;
    if (!isAll && isPowerLoss && random.next() < options.boundaryChance) {
      const victim = this.#victim();
      victim.crashAfter(randomInt(random, 1, boundaryMax));
      this.#later(options.downMaxMs, () => victim.start());
      return;
    }
    const one = this.#victim();
    for (const victim of isAll ? servers : [one]) {
      victim.crash(isPowerLoss);
      this.#later(options.downMaxMs, () => victim.start());
    }
  }

  /** Cuts the servers into two groups, or one server from another, for a while. */
  #partition(): void {
    const { random, network, servers } = this.#world;
    const { asymmetricChance, giveUpChance, partitionMaxMs } = this.#options;
    const { clientsToo, onlyClientsChance } = this.#options;
    const isOfClients = random.next() < onlyClientsChance;
    const kind = isOfClients ? 1 : random.next();
    const one = this.#victim();
    const other = this.#anyServer();
    const group = new Set<Server>([one]);
    if (kind < 0.3) for (const server of servers) if (random.next() < 0.4) group.add(server);
    const rest = isOfClients ? [] : kind > 0.7 ? [other] : servers;
    const isOneWay = random.next() < asymmetricChance;
    const isGivenUp = random.next() < giveUpChance;
    const ends: (() => void)[] = [];
    for (const inside of group) {
      for (const outside of rest) {
        if (group.has(outside)) continue;
        ends.push(network.block(inside.host, outside.host));
        if (!isOneWay) ends.push(network.block(outside.host, inside.host));
        if (isGivenUp) network.giveUp(outside.host, inside.host);
      }
      if (!isOfClients && random.next() >= clientsToo) continue;
      for (const host of network.hosts((name) => name.startsWith("10.1."))) {
        ends.push(network.block(inside.host, host), network.block(host, inside.host));
      }
    }
    this.#world.note(
      0n,
      "partition around",
      [...group].map(({ sid }) => sid).join(" "),
      "of",
      ends.length,
    );
    this.#later(partitionMaxMs, () => {
      for (const end of ends) end();
      this.#world.note(0n, "partition ends");
    });
  }

  #freeze(): void {
    const victim = this.#victim();
    victim.freeze();
    this.#later(this.#options.freezeMaxMs, () => victim.thaw());
  }

  #slowDown(): void {
    const { disk } = this.#victim();
    disk.slowness = this.#options.slowDiskFactor;
    this.#later(2_000, () => {
      disk.slowness = 1;
    });
  }

  #wipe(): void {
    if (!this.#maySpoil) return;
    const victim = this.#victim();
    this.#spoilt = { server: victim, file: undefined };
    victim.crash(true);
    victim.wipe();
    this.#later(this.#options.downMaxMs, () => victim.start());
  }

  /** Of a server that is down, or that goes on without noticing until it reads the file. */
  #rot(): void {
    if (!this.#maySpoil) return;
    const victim = this.#victim();
    if (this.#world.random.next() < 0.5) {
      victim.crash(true);
      this.#later(this.#options.downMaxMs, () => victim.start());
    }
    this.#spoilt = { server: victim, file: victim.rot() };
  }

  /**
   * Whether a disk may be lost or damaged. What was on it is on others', and no quorum can be had
   * without one of these, as long as this happens to one disk at a time, until its server has the
   * data again, without a vote before.
   */
  get #maySpoil(): boolean {
    const { history, options } = this.#world;
    if (options.voters < 3 || history.newestZxid === 0n) return false;
    if (this.#spoilt === undefined) return true;
    const { server, file } = this.#spoilt;
    return server.isServing && (file === undefined || !server.needs(file));
  }

  #victim(): Server {
    const { random, servers } = this.#world;
    const leaders = servers.filter(({ isLeading }) => isLeading);
    if (leaders.length === 0 || random.next() >= this.#options.leaderBias) return this.#anyServer();
    return leaders[randomInt(random, 0, leaders.length)]!;
  }

  #anyServer(): Server {
    const { random, servers } = this.#world;
    return servers[randomInt(random, 0, servers.length)]!;
  }
}
