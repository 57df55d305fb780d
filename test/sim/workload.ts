/**
 * The clients: each sends numbered writes to whatever server believes to lead, without waiting
 * for earlier ones. A write's payload begins with a transaction header, as the core expects.
 */
import { randomInt } from "../../src/base/index.ts";
import type { World } from "./world.ts";

/** A write of one client; numbers ascend. */
export interface ClientWrite {
  readonly client: number;
  readonly number: number;
}

const payloadBytes = 36;

/** Header (session, xid, zxid, time, type) and a little data. */
export function encodeWrite(zxid: bigint, write: ClientWrite): Buffer {
  const payload = Buffer.alloc(payloadBytes);
  payload.writeBigInt64BE(BigInt(write.client), 0);
  payload.writeInt32BE(write.number, 8);
  payload.writeBigInt64BE(zxid, 12);
  payload.writeInt32BE(5, 28);
  return payload;
}

export function decodeWrite(payload: Buffer): ClientWrite {
  return { client: Number(payload.readBigInt64BE(0)), number: payload.readInt32BE(8) };
}

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
    const { random, servers } = this.#world;
    const leaders = servers.filter(({ peer }) => peer?.leader !== undefined);
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
