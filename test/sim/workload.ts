/**
 * The clients: each sends numbered writes to whatever server believes to lead, without waiting
 * for earlier ones, and now and then asks any server for a sync.
 */
import { randomInt } from "../../src/base/index.ts";
import type { World } from "./world.ts";

export class Workload {
  readonly #world: World;
  readonly #sent: number[] = [];
  #isOn = true;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (let client = 0; client < this.#world.options.clients; client++) this.#writeLater(client);
    this.#syncLater();
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Sends one write of `client` to one of the servers that believe to lead. */
  write(client: number): void {
    const { random, servers, options } = this.#world;
    const leaders = servers.filter(({ sid, peer }) => {
      if (options.writersMove && this.#isCutOff(sid)) return false;
      return (peer?.leader?.outstandingCount ?? Infinity) < options.outstandingMax;
    });
    const leader = leaders[randomInt(random, 0, leaders.length)];
    if (leader === undefined) return;
    const number = (this.#sent[client] ?? 0) + 1;
    this.#sent[client] = number;
    leader.write({ client, number });
  }

  #isCutOff(sid: bigint): boolean {
    const { network, sids } = this.#world;
    const unreachable = sids.filter((other) => {
      return network.isBlocked(sid, other) || network.isBlocked(other, sid);
    });
    return unreachable.length * 2 >= sids.length;
  }

  #syncLater(): void {
    const { random, scheduler, options, servers } = this.#world;
    scheduler.after(randomInt(random, 1, options.syncEveryMs * 2), () => {
      if (!this.#isOn) return;
      servers[randomInt(random, 0, servers.length)]?.sync();
      this.#syncLater();
    });
  }

  #writeLater(client: number): void {
    const { random, scheduler, options } = this.#world;
    scheduler.after(randomInt(random, 1, options.writeEveryMs * 2), () => {
      if (!this.#isOn) return;
      const count = randomInt(random, 1, options.burstMax + 1);
      for (let sent = 0; sent < count; sent++) this.write(client);
      this.#writeLater(client);
    });
  }
}
