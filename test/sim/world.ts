/** What the parts of a run share: the clock, the dice, the networks, the servers, the checkers. */
import type { Random } from "../../src/base/index.ts";
import type { Dial, Peer, PeerOptions } from "../../src/zab/index.ts";
import type { State } from "./chain.ts";
import type { Checkers } from "./checkers/checkers.ts";
import type { ClientWrite } from "./client-write.ts";
import type { ElectionChannels } from "./election-channels.ts";
import type { Network } from "./network.ts";
import type { SimOptions } from "./options.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { EndId, Streams } from "./streams.ts";
import type { Trace } from "./trace.ts";

/** A server as its surroundings see it. */
export interface Server {
  readonly sid: bigint;
  readonly isUp: boolean;
  readonly isFrozen: boolean;
  /** Undefined while the server is down. */
  readonly peer: Peer | undefined;
  readonly state: State;
  readonly disk: SimDisk;
  start(): void;
  crash(): void;
  freeze(): void;
  thaw(): void;
  takeSnapshot(): void;
  write(write: ClientWrite): void;
  /** A client here asks for a sync, to read behind it. */
  sync(): void;
  notify(from: bigint, message: Buffer): void;
  /** Accepts a connection; undefined when nobody listens. */
  accept(to: Dial["to"]): EndId | undefined;
}

export interface World {
  readonly options: SimOptions;
  /** What all peers are started with alike. */
  readonly peerOptions: Omit<PeerOptions, "sid" | "logger" | "disk">;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: Network;
  readonly streams: Streams;
  readonly elections: ElectionChannels;
  readonly checkers: Checkers;
  readonly trace: Trace;
  readonly servers: readonly Server[];
  readonly sids: readonly bigint[];
  server(sid: bigint): Server | undefined;
}
