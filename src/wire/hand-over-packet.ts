/**
 * The packets by which a leader hands over to another server, and how servers find out that they
 * both know them. They are no part of ZooKeeper's protocol: their types are far from its own, and
 * they go only to a learner that has announced them, by bytes behind its LearnerInfo, which
 * ZooKeeper's leaders do not look at (docs/decisions/0007).
 */
import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { WireError } from "./wire-error.ts";

/** Body of HANDOVER: what the next election is to come to. */
export interface HandOverNotice {
  /** The server that is to lead. */
  readonly target: bigint;
  /** The voters that can take part in the election, the target and the old leader included. */
  readonly voters: readonly bigint[];
}

export function encodeHandOver({ target, voters }: HandOverNotice): Buffer {
  const writer = new JuteWriter(16 + 8 * voters.length);
  writer.writeLong(target);
  writer.writeVector(voters, (sid) => {
    writer.writeLong(sid);
  });
  return writer.takeCopy();
}

/** @throws WireError when the bytes are no notice. */
export function decodeHandOver(data: Buffer | null): HandOverNotice {
  if (data === null) throw new WireError("truncated", "Cannot decode HANDOVER: it has no body");
  const reader = new JuteReader(data);
  const target = reader.readLong();
  return { target, voters: reader.readVector((each) => each.readLong(), 8) ?? [] };
}
