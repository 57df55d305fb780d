/** The context of a peer that starts: what its options and its disk say. */
import { assert } from "../base/index.ts";
import { plainVolume, zxidEpoch } from "../wire/index.ts";
import { Configurations } from "./configurations.ts";
import { History } from "./history.ts";
import { MasterRotation } from "./master-rotation.ts";
import { noMasters } from "./observer-options.ts";
import type { PeerContext } from "./peer-context.ts";
import { defaultLearnerLimits } from "./peer-options.ts";
import type { PeerOptions } from "./peer-options.ts";
import type { Outbox } from "./ready.ts";
import { RenewalPace } from "./renewal-pace.ts";

export function createContext(options: PeerOptions, outbox: Outbox): PeerContext {
  const { sid, timing, disk, logger } = options;
  const volume = disk.volume ?? plainVolume;
  assert(disk.lastZxid >= 0n || volume.isIncomplete, "only an incomplete disk may hold nothing");
  assert(disk.currentEpoch <= disk.acceptedEpoch, "an epoch is accepted before it is entered");
  assert(zxidEpoch(disk.lastZxid) <= disk.currentEpoch, "history does not run ahead of its epoch");
  const configs = new Configurations({
    active: options.membership,
    lastSeen: options.lastSeen,
    isChangeable: options.reconfigEnabled ?? false,
    rule: options.quorumRule,
    outbox,
    logger,
  });
  const observers = options.observers ?? noMasters;
  return {
    sid,
    configs,
    get voters() {
      return configs.voters;
    },
    timing,
    learnerLimits: options.learnerLimits ?? defaultLearnerLimits,
    observers,
    masters: new MasterRotation(observers.random),
    counterMax: options.counterMax ?? 0xffffffff,
    logger,
    outbox,
    history: new History(options.historyLimits, disk.lastZxid, disk.recent),
    acceptedEpoch: disk.acceptedEpoch,
    currentEpoch: disk.currentEpoch,
    volume,
    newEnsembleId: options.newEnsembleId,
    rejection: undefined,
    renewals: new RenewalPace(),
    nowMs: 0,
  };
}
