/**
 * The clients: each sends numbered writes to whatever server believes to lead, without waiting
 * for earlier ones.
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
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Sends one write of `client` to one of the servers that believe to lead. */
  write(client: number): void {
    const { random, servers, options } = this.#world;
    const leaders = servers.filter(({ peer }) => {
      return (peer?.leader?.outstandingCount ?? Infinity) < options.outstandingMax;
    });
    const leader = leaders[randomInt(random, 0, leaders.length)];
    if (leader === undefined) return;
    const number = (this.#sent[client] ?? 0) + 1;
    this.#sent[client] = number;
    leader.write({ client, number });
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
