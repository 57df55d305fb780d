/** What the parts of a run share: the clock, the dice, the networks, the servers, the checkers. */
import type { Random } from "../../src/base/index.ts";
import type { PeerOptions } from "../../src/zab/index.ts";
import type { Checkers } from "./checkers/checkers.ts";
import type { ElectionChannels } from "./election-channels.ts";
import type { Network } from "./network.ts";
import type { SimOptions } from "./options.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimServer } from "./sim-server.ts";
import type { Streams } from "./streams.ts";
import type { Trace } from "./trace.ts";

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
  readonly servers: readonly SimServer[];
  readonly sids: readonly bigint[];
  server(sid: bigint): SimServer | undefined;
}
