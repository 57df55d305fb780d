/**
 * What simulated clients ask for: a few nodes that everybody writes, reads and watches, sequential
 * and ephemeral ones, multis; and how clients come and go.
 */
import { randomInt } from "../../../src/base/index.ts";
import { configPath } from "../../../src/tree/index.ts";
import type { CreateOp, NodeOp, ReadKind } from "./request.ts";
import { SimClient } from "./sim-client.ts";
import type { Acknowledged } from "./sim-client.ts";
import type { World } from "./world.ts";

const folders = ["/a", "/b", "/c"];
const names = ["x", "y", "z"];
const dataLengths = [0, 3, 20, 20, 200, 3_000];

export class Workload {
  readonly clients: SimClient[] = [];
  readonly acknowledged: Acknowledged = { zxid: 0n };
  readonly #world: World;
  #isOn = true;
  #nextId = 1;
  #writeCount = 0;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (let count = 0; count < this.#world.options.clients; count++) this.#addClient();
    this.#endLater();
  }

  /** Clients stay, and ask for nothing more. */
  stop(): void {
    this.#isOn = false;
  }

  /** One write of each client, whatever it comes to. */
  writeOnce(): void {
    for (const client of this.clients) {
      client.process.enter(() => client.write(this.#set(this.#anyPath())));
    }
  }

  clientOf(sessionId: bigint): SimClient | undefined {
    return this.clients.find((client) => client.sessionId === sessionId);
  }

  #addClient(): void {
    const client = new SimClient(this.#nextId++, this.#world, this.acknowledged);
    this.clients.push(client);
    client.start();
    this.#askLater(client);
  }

  #askLater(client: SimClient): void {
    const { random, options } = this.#world;
    client.process.later(randomInt(random, 1, options.requestEveryMs * 2), () => {
      if (!this.#isOn) return;
      this.#askLater(client);
      const count = randomInt(random, 1, options.burstMax + 1);
      for (let index = 0; index < count; index++) {
        const isFull = client.pendingCount >= options.outstandingMax;
        if (client.isConnected && !client.isClosing && !isFull) this.#ask(client);
      }
    });
  }

  #endLater(): void {
    const { scheduler, random, options } = this.#world;
    if (options.clientEndEveryMs === 0) return;
    scheduler.after(randomInt(random, 1, options.clientEndEveryMs * 2), () => {
      if (!this.#isOn) return;
      this.#endLater();
      const client = this.clients[randomInt(random, 0, this.clients.length)];
      if (client === undefined) return;
      if (random.next() < 0.5) {
        client.process.enter(() => {
          if (client.isConnected && !client.isClosing) client.write({ kind: "close" });
        });
        return;
      }
      this.clients.splice(this.clients.indexOf(client), 1);
      client.die();
      this.#addClient();
    });
  }

  #ask(client: SimClient): void {
    const { random, options } = this.#world;
    const { writeShare, syncShare } = options;
    const dice = random.next();
    if (dice < writeShare * 0.85) {
      client.write(this.#op());
    } else if (dice < writeShare) {
      const ops = Array.from({ length: randomInt(random, 1, 5) }, () => {
        return random.next() < 0.1 ? this.#check() : this.#op();
      });
      client.write({ kind: "multi", ops });
    } else if (dice < writeShare + syncShare) {
      client.syncAndRead(this.#readOf(client));
    } else {
      client.read(this.#readOf(client));
    }
  }

  #readOf(client: SimClient): { kind: ReadKind; path: string; watch: boolean } {
    const { random, options } = this.#world;
    if (options.members.changeEveryMs > 0 && random.next() < 0.05) {
      return { kind: "data", path: configPath, watch: false };
    }
    const kind = this.#pick<ReadKind>(["exists", "data", "children"]);
    const watch = client.watches.count < options.watchesMax && random.next() < 0.6;
    const path = random.next() < 0.4 ? this.#pick(folders) : this.#anyPath();
    return { kind, path, watch };
  }

  #op(): NodeOp {
    const { random } = this.#world;
    const dice = random.next();
    if (dice < 0.4) return this.#create();
    const path = this.#anyPath();
    const version = random.next() < 0.4 ? randomInt(random, 0, 4) : -1;
    if (dice < 0.7) return { ...this.#set(path), version };
    return { kind: "delete", path, version };
  }

  /** Only for multis. */
  #check(): NodeOp {
    return { kind: "check", path: this.#anyPath(), version: randomInt(this.#world.random, -1, 2) };
  }

  #create(): CreateOp {
    const { random } = this.#world;
    const isSequential = random.next() < 0.35;
    const path = isSequential ? `${this.#pick(folders)}/s-` : this.#anyPath();
    const isEphemeral = !folders.includes(path) && random.next() < 0.4;
    return { kind: "create", path, data: this.#data(), isEphemeral, isSequential };
  }

  #set(path: string): Extract<NodeOp, { kind: "set" }> {
    return { kind: "set", path, data: this.#data(), version: -1 };
  }

  #data(): string {
    const text = `${this.#writeCount++}`;
    return text.padEnd(this.#pick(dataLengths), ".");
  }

  #anyPath(): string {
    const { random, history } = this.#world;
    const folder = this.#pick(folders);
    const dice = random.next();
    if (dice < 0.2) return folder;
    if (dice < 0.75) return `${folder}/${this.#pick(names)}`;
    // One of the newest sequential nodes, if it is there.
    const created = history.model.at(folder, history.newestZxid)?.created ?? 0;
    const number = Math.max(0, created - randomInt(random, 1, 10));
    return `${folder}/s-${String(number).padStart(10, "0")}`;
  }

  #pick<T>(from: readonly T[]): T {
    return from[randomInt(this.#world.random, 0, from.length)]!;
  }
}
