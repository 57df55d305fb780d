/** Puts a server's copy of the replicated state together from its configuration and its disk. */
import type { LookupFunction } from "node:net";
import { seededRandom } from "../base/index.ts";
import type { Clock, Random } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import type { Storage } from "../storage/index.ts";
import type { PrepareOptions, ReconfigGate } from "../tree/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import type { ServerConfig } from "./config/index.ts";
import { createPeer } from "./create-peer.ts";
import type { LoadOptions, LoadedState } from "./load-state.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import type { PeerOddities } from "./peer-oddities.ts";
import type { QuotaReport } from "./quota-report.ts";
import { bindEndpoint, createReconfigGate, findLastSeen } from "./reconfig/index.ts";
import type { EnsembleView } from "./reconfig/index.ts";
import { Replica } from "./replica.ts";
import type { RequestProcessor } from "./request-processor.ts";
import type { SnapshotInterval } from "./snapshot-writer.ts";

export interface CreateReplicaOptions {
  readonly config: ServerConfig;
  readonly sid: bigint;
  /** Who the members are; follows what the replica comes to know. */
  readonly view: EnsembleView;
  readonly storage: Storage;
  readonly load: LoadOptions;
  /** What the disk held. */
  readonly loaded: LoadedState;
  /** What the disk is. */
  readonly volume: VolumeRecord;
  readonly oddities: PeerOddities;
  /** How the names of peers become addresses. @default the system's */
  readonly lookup?: LookupFunction | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly quotaReport: QuotaReport;
}

export function createReplica(options: CreateReplicaOptions, processor: RequestProcessor): Replica {
  const { config, sid, view, storage, load, loaded, clock, logger, metrics } = options;
  const { oddities, lookup, volume } = options;
  const { tree, recovered, isSettling, configText } = loaded;
  const { active } = view;
  const lastSeen = findLastSeen(active, configText);
  view.update(active, lastSeen);
  const random = seededRandom(clock.wallMs() ^ Number(sid & 0xffn));
  const peer = createPeer({
    config,
    sid,
    active,
    lastSeen,
    disk: { ...recovered, volume },
    logger,
    random,
  });
  return new Replica(
    {
      peer,
      tree,
      isSettling,
      storage,
      load,
      clock,
      logger,
      metrics,
      quorumEndpoint: () => {
        const own = view.quorumEndpoints.get(sid);
        return own === undefined ? undefined : bindEndpoint(own, config);
      },
      observerMasterPort: config.observerMasterPort,
      oddities,
      lookup,
      peerEndpoints: view.quorumEndpoints,
      configChanged: (next, proposed) => {
        view.update(next.config ?? active, proposed?.config);
      },
      packetBytesMax: 2 * config.juteMaxBufferBytes + 64 * 1024,
      prepare: prepareOptions(config, options.quotaReport, createReconfigGate(config, peer)),
      snapshotEvery: () => snapshotInterval(config, random),
      snapshotSizeFactor: config.snapshotSizeFactor,
      diskStallLimitMs: config.diskStallLimitMs,
      purges: config.autopurgeEnabled,
      treeListener: processor.treeListener,
    },
    processor,
  );
}

/** From half of what is configured to all of it, so that not all servers write at a time. */
function snapshotInterval(config: ServerConfig, random: Random): SnapshotInterval {
  const { snapCount, snapSizeLimitKb } = config;
  const share = 0.5 + random.next() / 2;
  return {
    transactions: Math.ceil(share * snapCount),
    bytes: snapSizeLimitKb > 0 ? share * snapSizeLimitKb * 1024 : Infinity,
  };
}

function prepareOptions(
  config: ServerConfig,
  quotas: QuotaReport,
  reconfig: ReconfigGate,
): PrepareOptions {
  return {
    reconfig,
    skipAcl: config.skipAcl,
    aclSchemes: config.auth.schemes,
    extendedTypesEnabled: config.extendedTypesEnabled,
    clickHouse: config.clickHouse,
    limits: {
      enforceQuota: config.enforceQuota,
      ephemeralBytesMax: config.ephemeralBytesMax,
      quotaExceeded: (excess) => {
        quotas.add(excess);
      },
    },
  };
}
