import { describe, expect, it } from "vitest";
import { JuteReader } from "../../src/wire/jute-reader.ts";
import { JuteWriter } from "../../src/wire/jute-writer.ts";
import {
  decodeLeaderInfo,
  encodeLeaderInfo,
  readLearnerInfo,
  writeLearnerInfo,
} from "../../src/wire/quorum-packet.ts";
import type { ServerExtensions } from "../../src/wire/server-extensions.ts";
import { WireError } from "../../src/wire/wire-error.ts";

const learner = { sid: 3n, protocolVersion: 0x10000, configVersion: 7n };
const history = { currentEpoch: 7, lastZxid: 0x700000003n };
const id = "0f8fad5b-d9cb-469f-a165-70867728950e";

function learnerInfo(extensions: ServerExtensions): Buffer {
  const writer = new JuteWriter(64);
  writeLearnerInfo(writer, { ...learner, ...extensions });
  return writer.takeCopy();
}

describe("readExtensions()", () => {
  it("reads what a learner of ours says behind what ZooKeeper's says", () => {
    for (const extensions of [
      { knowsHandOver: true, takesProgress: false },
      { knowsHandOver: false, takesProgress: true, ensembleId: id },
      { knowsHandOver: true, takesProgress: false, ensembleId: id },
      { knowsHandOver: true, takesProgress: false, history },
      { knowsHandOver: true, takesProgress: false, ensembleId: id, history },
    ]) {
      const info = readLearnerInfo(new JuteReader(learnerInfo(extensions)));
      expect(info).toEqual({ ...learner, ...extensions });
    }
  });

  it("finds none in what ZooKeeper's servers send, and writes none when there is nothing to say", () => {
    expect(learnerInfo({}).length).toBe(20);
    expect(readLearnerInfo(new JuteReader(learnerInfo({})))).toEqual(learner);
    expect(encodeLeaderInfo({}).toString("hex")).toBe("00010000");
    expect(decodeLeaderInfo(Buffer.from("00010000", "hex"))).toEqual({});
    expect(decodeLeaderInfo(null)).toEqual({});
  });

  it("reads what a leader of ours says", () => {
    expect(decodeLeaderInfo(encodeLeaderInfo({ ensembleId: id }))).toMatchObject({
      ensembleId: id,
    });
  });

  it("ignores trailing bytes of another make", () => {
    const foreign = Buffer.concat([learnerInfo({}), Buffer.alloc(12, 7)]);
    expect(readLearnerInfo(new JuteReader(foreign))).toEqual(learner);
  });

  it("refuses an identity that is none", () => {
    const bad = learnerInfo({ ensembleId: "no\nid" });
    expect(() => readLearnerInfo(new JuteReader(bad))).toThrow(WireError);
  });
});
