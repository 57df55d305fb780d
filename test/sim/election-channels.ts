/**
 * The election port as `QuorumCnxManager` has it: per ordered pair of servers a connection that
 * comes back by itself; while it cannot send, only the newest message is kept; after a reconnect
 * the last message is sent again, whether it arrived before or not.
 *
 * Votes can be forged on their way. An election is only a hint at a good leader: whoever it
 * names, and if it names several, the later phases of the protocol must keep the promises.
 */
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import { PeerState, decodeNotification, encodeNotification } from "../../src/wire/index.ts";
import type { Network } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";

interface Channel {
  readonly from: bigint;
  readonly to: bigint;
  /** Encoded; what a reconnect sends again. */
  newest: Buffer | undefined;
  /** `newest` has not been given to a connection. */
  isWaiting: boolean;
  isConnected: boolean;
  /** Changes with each reset: messages of earlier connections are lost. */
  connection: number;
  arrivesAtMs: number;
}

/** Above all epochs that a run can reach, so that no honest vote is better. */
const forgedEpoch = 1n << 24n;

export class ElectionChannels {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #network: Network;
  readonly #receive: (from: bigint, to: bigint, message: Buffer) => void;
  readonly #channels = new Map<string, Channel>();
  /** Whom servers that look for a leader are made to elect. */
  #favourites = new Map<bigint, bigint>();

  constructor(
    scheduler: Scheduler,
    random: Random,
    network: Network,
    receive: (from: bigint, to: bigint, message: Buffer) => void,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#network = network;
    this.#receive = receive;
    network.onUnblocked(() => {
      for (const channel of this.#channels.values()) this.#transmit(channel);
    });
  }

  /** Makes each server (key) see everybody vote for its favourite. */
  forge(favourites: Map<bigint, bigint>): void {
    this.#favourites = favourites;
  }

  send(from: bigint, to: bigint, message: Buffer): void {
    const channel = this.#channel(from, to);
    channel.newest = message;
    channel.isWaiting = true;
    this.#transmit(channel);
  }

  /** Cuts the connection between two servers; both directions come back after a while. */
  reset(one: bigint, other: bigint): void {
    for (const channel of [this.#channel(one, other), this.#channel(other, one)]) {
      channel.connection += 1;
      channel.isConnected = false;
      const { connection } = channel;
      this.#scheduler.after(randomInt(this.#random, 1, 400), () => {
        if (connection === channel.connection) this.#reconnect(channel);
      });
    }
  }

  /** `sid` has crashed: what it sent last is forgotten with it. */
  crashed(sid: bigint, others: Iterable<bigint>): void {
    for (const other of others) {
      if (other === sid) continue;
      const own = this.#channel(sid, other);
      own.newest = undefined;
      own.isWaiting = false;
      this.reset(sid, other);
    }
  }

  #reconnect(channel: Channel): void {
    channel.isConnected = true;
    channel.isWaiting = channel.newest !== undefined;
    this.#transmit(channel);
  }

  #transmit(channel: Channel): void {
    const { from, to, newest, connection } = channel;
    if (!channel.isConnected || !channel.isWaiting || newest === undefined) return;
    if (this.#network.isBlocked(from, to)) return;
    channel.isWaiting = false;
    const atMs = Math.max(channel.arrivesAtMs, this.#scheduler.nowMs + this.#network.delayMs());
    channel.arrivesAtMs = atMs;
    this.#scheduler.after(atMs - this.#scheduler.nowMs, () => {
      if (connection === channel.connection) this.#receive(from, to, this.#forged(to, newest));
    });
  }

  #forged(to: bigint, message: Buffer): Buffer {
    const favourite = this.#favourites.get(to);
    if (favourite === undefined) return message;
    const notification = decodeNotification(message);
    if (notification.state !== PeerState.looking) return message;
    const best = { leader: favourite, zxid: forgedEpoch << 32n, peerEpoch: forgedEpoch };
    return encodeNotification({ ...notification, ...best });
  }

  #channel(from: bigint, to: bigint): Channel {
    const key = `${from}:${to}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = {
        from,
        to,
        newest: undefined,
        isWaiting: false,
        isConnected: true,
        connection: 0,
        arrivesAtMs: 0,
      };
      this.#channels.set(key, channel);
    }
    return channel;
  }
}
