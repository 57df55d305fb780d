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

/** What one server of ours says of itself; all absent in what another kind of server sends. */
export interface ServerExtensions {
  /** Whether it knows the packets by which a leader hands over. @default false */
  readonly knowsHandOver?: boolean;
  /** Whether it takes PROGRESS of learners that it synchronises. @default false */
  readonly takesProgress?: boolean;
  /** Identity of the ensemble that its disk belongs to. */
  readonly ensembleId?: string | undefined;
}

const magic = 0x454e534d;
const knowsHandOverBit = 1;
/** A string follows, the identity of the ensemble. */
const ensembleIdBit = 2;
const takesProgressBit = 4;

/** Writes nothing when there is nothing to say. */
export function writeExtensions(writer: JuteWriter, extensions: ServerExtensions): void {
  const { knowsHandOver, takesProgress, ensembleId } = extensions;
  const mask =
    (knowsHandOver === true ? knowsHandOverBit : 0) |
    (takesProgress === true ? takesProgressBit : 0) |
    (ensembleId === undefined ? 0 : ensembleIdBit);
  if (mask === 0) return;
  writer.writeInt(magic);
  writer.writeInt(mask);
  if (ensembleId !== undefined) writer.writeString(ensembleId);
}

/**
 * Reads what stands behind a body, if anything does.
 *
 * @throws WireError when it begins like extensions of ours and is none.
 */
export function readExtensions(reader: JuteReader): ServerExtensions {
  if (reader.remaining < 8 || reader.readInt() !== magic) return {};
  const mask = reader.readInt();
  const knowsHandOver = (mask & knowsHandOverBit) !== 0;
  const takesProgress = (mask & takesProgressBit) !== 0;
  if ((mask & ensembleIdBit) === 0) return { knowsHandOver, takesProgress };
  const ensembleId = reader.readString();
  if (ensembleId === null || !isEnsembleId(ensembleId)) {
    throw new WireError("bad-value", "Cannot decode extensions: not an identity of an ensemble");
  }
  return { knowsHandOver, takesProgress, ensembleId };
}
