/**
 * Learners that take long or take nothing, packet by packet: how long each end waits, who is
 * dropped, who has to wait for its turn, and what the log is asked for. A tick is 200 ms here,
 * initLimit 10 ticks and syncLimit 5.
 */
import { describe, expect, test } from "vitest";
import { encodeLeaderInfo } from "../../src/wire/index.ts";
import {
  ScriptedPeer,
  activeLeader,
  electedLeader,
  followerAt,
  int,
  join,
  z,
} from "./scripted-peer.ts";

const initLimitMs = 2000;

/** Lets so much time pass, with what `each` does every 100 ms. */
function during(peer: ScriptedPeer, ms: number, each: (peer: ScriptedPeer) => void): void {
  for (let passed = 0; passed < ms; passed += 100) {
    each(peer);
    peer.wait(100);
  }
}

/** A leader in service whose memory reaches back to 3.1, and follower 1 on link 2. */
function leaderWithLog(options = {}): ScriptedPeer {
  const log = [z(3, 1), z(3, 2)];
  return activeLeader({ log, currentEpoch: 3, observers: [8, 9], ...options });
}

describe("A leader whose quorum waits for a snapshot", () => {
  /** Follower 1 is being sent a snapshot: nobody serves before it has it. */
  const streaming = (): ScriptedPeer => {
    const peer = electedLeader({ log: [z(3, 1)], currentEpoch: 3 });
    join(peer, 2, 1, { zxid: 0n, currentEpoch: 0 }).persist();
    peer.step((core) => core.logFound(2, undefined));
    expect(peer.sent[0]).toBe("SNAP 0x300000001 on 2");
    return peer;
  };

  test("waits for longer than initLimit while its bytes are taken", () => {
    const peer = streaming();
    during(peer, 5 * initLimitMs, () => peer.step((core) => core.linkProgress(2)));
    expect(peer.peer.role).toBe("leading");
    expect(peer.receive(2, "ack", z(4, 0)).events).toEqual(["leading serving in 4"]);
  });

  test("waits while the follower says that it is busy with it", () => {
    const peer = streaming();
    during(peer, 2 * initLimitMs, () => peer.receive(2, "progress", 0n));
    expect(peer.peer.role).toBe("leading");
  });

  test("gives up initLimit after nothing moves any more", () => {
    const peer = streaming();
    during(peer, initLimitMs, () => peer.step((core) => core.linkProgress(2)));
    during(peer, initLimitMs - 200, () => undefined);
    expect(peer.peer.role).toBe("leading");
    expect(peer.wait(300).peer.role).toBe("looking");
  });

  test("does not wait for one that gets on where too few are left", () => {
    const peer = electedLeader({ voters: [1, 2, 3, 4, 5], log: [z(3, 1)], currentEpoch: 3 });
    peer.vote(4, { leader: 3, zxid: z(3, 1), epoch: 3 });
    join(peer, 2, 1, { zxid: 0n });
    join(peer, 4, 2).persist();
    peer.step((core) => core.logFound(2, undefined));
    peer.closed(4);
    during(peer, initLimitMs + 300, () => peer.step((core) => core.linkProgress(2)));
    expect(peer.peer.role).toBe("looking");
  });
});

describe("A follower that gets a snapshot", () => {
  const receiving = (info = encodeLeaderInfo({ takesProgress: true })): ScriptedPeer => {
    const peer = new ScriptedPeer({ log: [z(1, 1)], currentEpoch: 1 });
    const vote = { leader: 3, zxid: z(1000, 1), epoch: 1000 };
    peer.vote(3, vote).vote(2, vote).opened(1).receive(1, "leaderInfo", z(2, 0), info).persist();
    return peer.receive(1, "snap", z(1, 9));
  };

  test("asks for its installation when it begins to come", () => {
    expect(receiving().disk).toEqual(["install-snapshot 0x100000009"]);
  });

  test("waits for longer than initLimit while it gets on, and says so", () => {
    const peer = receiving();
    const told: string[] = [];
    during(peer, 5 * initLimitMs, () => {
      peer.step((core) => core.linkProgress(1));
      peer.wait(10);
      told.push(...peer.sent);
    });
    expect(peer.peer.role).toBe("following");
    expect(new Set(told)).toEqual(new Set(["PROGRESS 0x100000001 on 1"]));
    // Half a tick is the shortest pause.
    expect(told.length).toBeLessThanOrEqual((5.5 * initLimitMs) / 100);
  });

  test("says nothing to a leader of ZooKeeper's", () => {
    const peer = receiving(int(0x10000));
    during(peer, initLimitMs, () => {
      peer.step((core) => core.linkProgress(1));
      expect(peer.wait(10).sent).toEqual([]);
    });
  });

  test("leaves a leader that sends nothing more for initLimit", () => {
    const peer = receiving();
    during(peer, initLimitMs, () => undefined);
    expect(peer.peer.role).toBe("following");
    expect(peer.wait(100).peer.role).toBe("looking");
  });

  test("votes only when the state is that of the disk again, after the link has gone", () => {
    const peer = receiving().closed(1);
    expect(peer.peer.role).toBe("looking");
    expect(peer.wait(1000).votes).toEqual([]);
    expect(peer.replaced(z(1, 1)).votes).not.toEqual([]);
    expect(peer.peer.lastZxid).toBe(z(1, 1));
  });

  test("asks the same leader again when the snapshot could not be installed", () => {
    const peer = receiving().replaced(z(1, 1));
    expect(peer.closes).toEqual([1]);
    expect(peer.wait(100).dials).toEqual(["3 as 3"]);
  });
});

describe("Bytes that wait for a learner", () => {
  const limits = { queuedBytesMax: 1000, snapshotsMax: 1, diffsMax: 1 };

  test("cost it its link", () => {
    const peer = activeLeader({ voters: [1, 2, 3], learnerLimits: limits });
    join(peer, 4, 2).receive(4, "ack", z(1, 0));
    expect(peer.step((core) => core.linkOverfull(4, 1000)).closes).toEqual([]);
    peer.step((core) => core.linkOverfull(4, 1001));
    expect(peer.closes).toEqual([4]);
    expect(peer.events).toEqual(["learner-lost: overfull"]);
    expect(peer.peer.isServing).toBe(true);
  });

  test("may be four times as many when the quorum would go with it", () => {
    const peer = activeLeader({ learnerLimits: limits });
    expect(peer.step((core) => core.linkOverfull(2, 4000)).closes).toEqual([]);
    expect(peer.step((core) => core.linkOverfull(2, 4001)).closes).toEqual([2]);
  });

  test("make it pause before it is synchronised again, for longer each time", () => {
    const peer = activeLeader({ learnerLimits: limits });
    for (const pauseMs of [200, 400, 800, 1000, 1000]) {
      join(peer, 4, 2).step((core) => core.linkOverfull(4, 1001));
      join(peer, 4, 2);
      during(peer, pauseMs - 100, () => {
        expect(peer.sent).not.toContain("DIFF 0x0 on 4");
        peer.receive(2, "ack", z(1, 0));
      });
      expect(peer.sent).not.toContain("DIFF 0x0 on 4");
      expect(peer.wait(100).sent).toContain("DIFF 0x0 on 4");
    }
  });

  test("a learner that takes bytes is not silent", () => {
    const peer = activeLeader();
    join(peer, 4, 2).receive(4, "ack", z(1, 0));
    during(peer, 3000, () => {
      peer.receive(2, "ack", z(1, 0));
      peer.step((core) => core.linkProgress(4));
    });
    expect([...(peer.peer.leader?.learners() ?? [])].map(({ sid }) => sid)).toEqual([1n, 2n]);
    during(peer, 1100, () => peer.receive(2, "ack", z(1, 0)));
    expect([...(peer.peer.leader?.learners() ?? [])].map(({ sid }) => sid)).toEqual([1n]);
  });
});

describe("What a learner lacks that is behind memory", () => {
  const lookUp = (zxid: bigint, options = {}): ScriptedPeer =>
    join(leaderWithLog(options), 4, 8, { zxid, currentEpoch: 3, observes: true });

  const fromLog = {
    diff: "DIFF 0x300000002 on 4, then the log up to 0x300000001",
    trunc: "TRUNC 0x200000007 on 4, then the log up to 0x300000001",
  };

  test("is looked for in the log, and nothing is sent before the answer", () => {
    const peer = lookUp(z(2, 5));
    expect(peer.lookups).toEqual(["0x200000005 for 4"]);
    expect(peer.sent).toEqual([]);
    expect(peer.wait(50).lookups).toEqual([]);
  });

  test.each<[string, { has: bigint; position?: bigint; next?: bigint }, string]>([
    ["it has the transaction", { has: z(2, 5), position: z(2, 5), next: z(2, 6) }, fromLog.diff],
    ["nothing", { has: z(2, 5) }, "SNAP 0x300000002 on 4"],
    [
      "its tail is not there, in one epoch",
      { has: z(2, 9), position: z(2, 7), next: z(3, 1) },
      fromLog.trunc,
    ],
    // ZooKeeper sends a DIFF here (ZOOKEEPER-2846): what precedes the tail cannot be known.
    [
      "its tail is of an epoch of its own",
      { has: z(2, 9), position: z(1, 7), next: z(3, 1) },
      "SNAP 0x300000002 on 4",
    ],
    [
      "the start of an epoch that went on",
      { has: z(2, 0), position: z(1, 7), next: z(2, 1) },
      fromLog.diff,
    ],
    [
      "the start of another epoch",
      { has: z(2, 0), position: z(1, 7), next: z(3, 1) },
      "SNAP 0x300000002 on 4",
    ],
  ])("from the log: %s", (_, { has, position, next }, first) => {
    const peer = lookUp(has);
    const place = position === undefined ? undefined : { position, next };
    peer.step((core) => core.logFound(4, place));
    expect(peer.sent[0]).toBe(first);
    // What is in memory comes behind, and is not in a snapshot's company.
    const isFromLog = !first.startsWith("SNAP");
    expect(peer.sent.includes("PROPOSAL 0x300000002 on 4")).toBe(isFromLog);
    expect(peer.sent.at(-1)).toBe("NEWLEADER 0x400000000 on 4");
  });

  test("is not looked for when only a snapshot will do", () => {
    for (const zxid of [z(9, 0), -1n]) {
      const peer = lookUp(zxid);
      expect(peer.lookups).toEqual([]);
      expect(peer.sent[0]).toBe("SNAP 0x300000002 on 4");
    }
  });

  test("is forgotten when the learner goes meanwhile", () => {
    const peer = lookUp(z(2, 5)).closed(4);
    expect(peer.step((core) => core.logFound(4, undefined)).sent).toEqual([]);
  });
});

describe("Observers", () => {
  const limits = { queuedBytesMax: Infinity, snapshotsMax: 1, diffsMax: 1 };

  test("wait for their turn to get a snapshot; voters do not", () => {
    const peer = leaderWithLog({ learnerLimits: limits });
    const snapshotFor = (link: number, sid: number, observes: boolean): ScriptedPeer =>
      join(peer, link, sid, { zxid: z(9, 0), currentEpoch: 3, observes });
    expect(snapshotFor(4, 8, true).sent[0]).toBe("SNAP 0x300000002 on 4");
    expect(snapshotFor(6, 9, true).sent).toEqual([]);
    expect(snapshotFor(8, 2, false).sent[0]).toBe("SNAP 0x300000002 on 8");
    peer.receive(8, "ack", z(4, 0)).receive(4, "ack", z(4, 0));
    expect(peer.wait(10).sent).toContain("SNAP 0x300000002 on 6");
  });
});

test("a gap in what a leader sends ends the learner's role (ZOOKEEPER-4925)", () => {
  const peer = followerAt(2, { log: [z(1, 1)], currentEpoch: 1 }).persist();
  peer.receive(1, "diff", z(1, 4)).propose(1, z(1, 2)).receive(1, "commit", z(1, 2));
  expect(peer.propose(1, z(1, 4)).events).toEqual(["looking not serving"]);
});

test("a cut log is the state that goes on after a lost link (ZOOKEEPER-5094)", () => {
  const log = [z(1, 1), z(1, 2), z(1, 3)];
  const peer = followerAt(3, { log, currentEpoch: 1 }).persist().receive(1, "trunc", z(1, 1));
  peer.closed(1);
  expect(peer.wait(500).votes).toEqual([]);
  peer.replaced(z(1, 1));
  expect(peer.peer.lastZxid).toBe(z(1, 1));
  expect(peer.votes[0]).toContain("(1, 0x100000001)");
});
