/**
 * What servers of ours tell each other beyond ZooKeeper's protocol: bytes behind the body of
 * FOLLOWERINFO, OBSERVERINFO and LEADERINFO. ZooKeeper's servers read no further than what they
 * know, and send nothing of it; a server is taken for one of ours only after it has.
 *
 *     int  0x454e534d "ENSM"
 *     int  mask of what follows and of what the sender knows, see the bits below
 *     …    the fields of the bits that have one, in the order of the bits
 */
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import { isEnsembleId } from "./volume-record.ts";
import { WireError } from "./wire-error.ts";

/** Where a learner's history ends: what it goes into elections with. */
export interface LearnerHistory {
  /** Epoch whose initial history it holds. */
  readonly currentEpoch: number;
  readonly lastZxid: bigint;
}

/** What one server of ours says of itself; all absent in what another kind of server sends. */
export interface ServerExtensions {
  /** Whether it knows the packets by which a leader hands over. @default false */
  readonly knowsHandOver?: boolean;
  /** Whether it takes PROGRESS of learners that it synchronises. @default false */
  readonly takesProgress?: boolean;
  /** Identity of the ensemble that its disk belongs to. */
  readonly ensembleId?: string | undefined;
  /** Of a learner whose disk is whole. */
  readonly history?: LearnerHistory | undefined;
}

const magic = 0x454e534d;
const knowsHandOverBit = 1;
/** A string follows, the identity of the ensemble. */
const ensembleIdBit = 2;
const takesProgressBit = 4;
/** An int and a long follow: currentEpoch and last zxid. */
const historyBit = 8;

/** Writes nothing when there is nothing to say. */
export function writeExtensions(writer: JuteWriter, extensions: ServerExtensions): void {
  const { knowsHandOver, takesProgress, ensembleId, history } = extensions;
  const mask =
    (knowsHandOver === true ? knowsHandOverBit : 0) |
    (takesProgress === true ? takesProgressBit : 0) |
    (ensembleId === undefined ? 0 : ensembleIdBit) |
    (history === undefined ? 0 : historyBit);
  if (mask === 0) return;
  writer.writeInt(magic);
  writer.writeInt(mask);
  if (ensembleId !== undefined) writer.writeString(ensembleId);
  if (history === undefined) return;
  writer.writeInt(history.currentEpoch);
  writer.writeLong(history.lastZxid);
}

/**
 * Reads what stands behind a body, if anything does.
 *
 * @throws WireError when it begins like extensions of ours and is none.
 */
export function readExtensions(reader: JuteReader): ServerExtensions {
  if (reader.remaining < 8 || reader.readInt() !== magic) return {};
  const mask = reader.readInt();
  const ensembleId = (mask & ensembleIdBit) === 0 ? undefined : readEnsembleId(reader);
  const history = (mask & historyBit) === 0 ? undefined : readHistory(reader);
  return {
    knowsHandOver: (mask & knowsHandOverBit) !== 0,
    takesProgress: (mask & takesProgressBit) !== 0,
    ...(ensembleId === undefined ? {} : { ensembleId }),
    ...(history === undefined ? {} : { history }),
  };
}

function readEnsembleId(reader: JuteReader): string {
  const ensembleId = reader.readString();
  if (ensembleId === null || !isEnsembleId(ensembleId)) {
    throw new WireError("bad-value", "Cannot decode extensions: not an identity of an ensemble");
  }
  return ensembleId;
}

function readHistory(reader: JuteReader): LearnerHistory {
  return { currentEpoch: reader.readInt(), lastZxid: reader.readLong() };
}
