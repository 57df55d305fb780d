/**
 * Observers that learn from a follower: what the follower sends them, and how an observer finds
 * one.
 */
import { describe, expect, test } from "vitest";
import { PacketType } from "../../src/wire/index.ts";
import { ScriptedPeer, activeFollower, configText, designating, int } from "./scripted-peer.ts";
import { join, learnerInfo, reconfigEntry, z } from "./scripted-peer.ts";
import type { ScriptedOptions } from "./scripted-peer.ts";

const OBSERVER = 9;

describe("A follower", () => {
  const log = [z(1, 1), z(1, 2), z(1, 3)];

  /** Follows server 3 in epoch 2, with `log` decided. */
  function master(options: ScriptedOptions = {}): ScriptedPeer {
    const whole = { observers: [OBSERVER], currentEpoch: 1, log, hasMasters: true };
    return activeFollower(2, { ...whole, ...options });
  }

  function admit(
    peer: ScriptedPeer,
    has: { zxid?: bigint; knowsHandOver?: boolean } = {},
  ): ScriptedPeer {
    return join(peer, 2, OBSERVER, { observes: true, currentEpoch: 1, ...has });
  }

  /** The same with observer 9 in service on link 2. */
  function servingMaster(options: ScriptedOptions = {}): ScriptedPeer {
    return admit(master(options)).receive(2, "ack", z(2, 0));
  }

  const commit = (peer: ScriptedPeer, zxid: bigint): ScriptedPeer =>
    peer.propose(1, zxid).receive(1, "commit", zxid);

  test("takes no observers unless it is told to", () => {
    const peer = activeFollower(1);
    expect(peer.peer.observerMaster).toBeUndefined();
    expect(peer.accepted(2).closes).toEqual([2]);
  });

  test("takes none before it is in service", () => {
    const peer = new ScriptedPeer({ hasMasters: true, observers: [OBSERVER] });
    peer.vote(3, { leader: 3, epoch: 9 }).vote(2, { leader: 3, epoch: 9 });
    expect(peer.accepted(2).closes).toEqual([2]);
  });

  test("tells the epoch of its leader", () => {
    const peer = master().accepted(2).receive(2, "observerInfo", z(1, 0), learnerInfo(OBSERVER));
    expect(peer.sent).toEqual(["LEADERINFO 0x200000000 on 2"]);
  });

  test("sends what an observer lacks, and lets it into service when it has it", () => {
    const peer = admit(master(), { zxid: z(1, 1) });
    expect(peer.sent).toEqual([
      "DIFF 0x100000003 on 2",
      "PROPOSAL 0x100000002 on 2",
      "COMMIT 0x100000002 on 2",
      "PROPOSAL 0x100000003 on 2",
      "COMMIT 0x100000003 on 2",
      "NEWLEADER 0x200000000 on 2",
    ]);
    expect(peer.receive(2, "ack", z(2, 0)).sent).toEqual(["UPTODATE 0xffffffffffffffff on 2"]);
    expect(peer.receive(2, "ack", z(2, 0)).closes).toEqual([]);
  });

  test("cuts off what no leader ever committed", () => {
    expect(admit(master(), { zxid: z(1, 9) }).sent[0]).toBe("TRUNC 0x100000003 on 2");
  });

  test("sends what is committed when it hears of it, and nothing before", () => {
    const peer = servingMaster();
    expect(peer.propose(1, z(2, 1)).sent).toEqual([]);
    expect(peer.receive(1, "commit", z(2, 1)).sent).toEqual(["INFORM 0x200000001 on 2"]);
  });

  test("keeps what it has only logged from those who come", () => {
    const peer = master().propose(1, z(2, 1)).persist();
    expect(admit(peer).sent).toEqual(["DIFF 0x100000003 on 2", "NEWLEADER 0x200000000 on 2"]);
    expect(peer.receive(1, "commit", z(2, 1)).sent).toEqual(["INFORM 0x200000001 on 2"]);
  });

  test("sends nothing of what is undecided when it stops following", () => {
    const peer = servingMaster().propose(1, z(2, 1)).persist();
    peer.closed(1);
    expect(peer.sent).toEqual([]);
    expect(peer.delivered).toEqual(["0x200000001"]);
    expect(peer.closes).toEqual([2]);
  });

  test("has an observer wait that has heard of more in this epoch", () => {
    const peer = admit(commit(master(), z(2, 1)), { zxid: z(2, 2) });
    expect(peer.sent).toEqual([]);
    expect(commit(peer, z(2, 2)).wait(20).sent).toEqual([
      "DIFF 0x200000002 on 2",
      "NEWLEADER 0x200000000 on 2",
    ]);
  });

  test("drops an observer that waits in vain", () => {
    const peer = admit(master(), { zxid: z(2, 9) });
    for (let count = 0; count < 25 && peer.closes.length === 0; count++) {
      peer.receive(1, "ping", z(2, 0));
      peer.wait(100);
    }
    expect(peer.closes).toEqual([2]);
    expect(peer.peer.isServing).toBe(true);
  });

  test("sends a snapshot to an observer that stands at the start of the epoch", () => {
    expect(admit(master(), { zxid: z(2, 0) }).sent[0]).toBe("SNAP 0x100000003 on 2");
  });

  test("asks its log for what it has not in memory", () => {
    const peer = admit(master({ snapshot: z(1, 8), log: [] }), { zxid: z(1, 4) });
    expect(peer.lookups).toEqual(["0x100000004 for 2"]);
    peer.step((core) => {
      core.logFound(2, { position: z(1, 4), next: z(1, 5) });
    });
    expect(peer.sent[0]).toBe("DIFF 0x100000008 on 2, then the log up to 0x100000008");
  });

  test("takes nobody who would vote", () => {
    const peer = master().accepted(2).receive(2, "followerInfo", z(1, 0), learnerInfo(2));
    expect(peer.closes).toEqual([2]);
  });

  test("leaves it to the leader to make a disk whole", () => {
    const peer = master().accepted(2).receive(2, "observerInfo", z(1, 0), learnerInfo(~OBSERVER));
    expect(peer.closes).toEqual([2]);
  });

  test("passes on what observers ask for, once they are in service", () => {
    expect(admit(master()).receive(2, "request", -1n, Buffer.alloc(20)).closes).toEqual([2]);
    const peer = servingMaster();
    expect(peer.receive(2, "request", -1n, Buffer.alloc(20)).events).toEqual(["packet"]);
    expect(peer.receive(2, "revalidate", -1n, Buffer.alloc(12)).events).toEqual(["packet"]);
  });

  test("answers an observer's sync at its place between the commits", () => {
    const peer = servingMaster().propose(1, z(2, 1)).propose(1, z(2, 2));
    const packet = (type: PacketType, zxid: bigint): Parameters<typeof peer.peer.receivePacket> => [
      1,
      { type, zxid, data: null, authInfo: null },
    ];
    peer.step((core) => {
      core.syncSent({ link: 2 });
      core.syncSent({ token: "own" });
      core.receivePacket(...packet(PacketType.commit, z(2, 1)));
      core.receivePacket(...packet(PacketType.sync, 0n));
      core.receivePacket(...packet(PacketType.sync, 0n));
      core.receivePacket(...packet(PacketType.commit, z(2, 2)));
    });
    expect(peer.sent).toEqual([
      "INFORM 0x200000001 on 2",
      "SYNC 0x0 on 2",
      "INFORM 0x200000002 on 2",
    ]);
    expect(peer.syncs).toEqual(["own after 1"]);
  });

  test("asks observers for signs of life, and tells of them", () => {
    const peer = servingMaster().wait(110);
    expect(peer.sent).toEqual(["PING 0x100000003 on 2"]);
    expect(peer.receive(2, "ping", z(1, 3), Buffer.alloc(12)).events).toEqual(["touched"]);
    expect(peer.receive(2, "ping", z(1, 3), Buffer.alloc(12)).closes).toEqual([2]);
  });

  test("drops an observer that takes too little, or is silent", () => {
    const learnerLimits = { queuedBytesMax: 1000, snapshotsMax: 1, diffsMax: 1 };
    const peer = servingMaster({ learnerLimits }).step((core) => core.linkOverfull(2, 1001));
    expect(peer.events).toEqual(["learner-lost: overfull"]);
    const silent = servingMaster();
    for (let count = 0; count < 12 && silent.closes.length === 0; count++) {
      silent.receive(1, "ping", z(2, 0)).wait(100);
    }
    expect(silent.events).toEqual(["learner-lost: silent"]);
  });

  test("informs of a reconfiguration with who leads, before it goes by it itself", () => {
    const config = configText(0n, [1, 2, 3], { observers: [OBSERVER] });
    const peer = servingMaster({ config });
    const entry = reconfigEntry(z(2, 1), configText(z(2, 1), [2, 3], { observers: [1, OBSERVER] }));
    peer.receive(1, "proposal", entry.zxid, entry.payload).persist();
    peer.receive(1, "commitAndActivate", entry.zxid, designating(3));
    expect(peer.sent).toEqual(["INFORMANDACTIVATE 0x200000001 on 2"]);
    expect(peer.sentData).toEqual([designating(3, entry.payload).toString("hex")]);
    expect(peer.events).toContain("looking not serving");
    expect(peer.closes).toEqual([1, 2]);
  });
});

describe("An observer", () => {
  /** Has found out that 3 leads. */
  function observer(options: ScriptedOptions = {}): ScriptedPeer {
    return find(new ScriptedPeer({ sid: 9, observers: [9], hasMasters: true, ...options }));
  }

  function find(peer: ScriptedPeer, round = 1): ScriptedPeer {
    return peer.vote(3, { leader: 3, round }).vote(2, { leader: 3, round }).wait(210);
  }

  test("goes to a follower, whichever chance says, and to the next when nobody is there", () => {
    const peer = observer();
    expect(peer.dials).toEqual(["1 for observers as 1"]);
    expect(peer.closed(1).wait(60).dials).toEqual(["2 for observers as 3"]);
    expect(peer.closed(3).wait(60).dials).toEqual(["1 for observers as 5"]);
    expect(observer({ chance: () => 0.9 }).dials).toEqual(["2 for observers as 1"]);
  });

  test("goes to the leader when no follower answers in a second", () => {
    const peer = observer();
    const dials: string[] = [];
    for (let link = 1; link <= 41; link += 2) dials.push(...peer.closed(link).wait(60).dials);
    expect(dials.filter((dial) => dial.includes("for observers"))).toHaveLength(19);
    expect(dials.slice(19)).toEqual(["3 as 41", "3 as 43"]);
  });

  test("goes to the leader where that is the only voter", () => {
    const peer = new ScriptedPeer({ sid: 9, voters: [3], observers: [9], hasMasters: true });
    expect(peer.vote(3, { leader: 3 }).dials).toEqual(["3 as 1"]);
  });

  test("waits before it goes to the leader", () => {
    const peer = observer({ hasMasters: false, reconnectDelayMs: 1000, chance: () => 0.5 });
    expect(peer.dials).toEqual([]);
    expect(peer.wait(480).dials).toEqual([]);
    expect(peer.wait(40).dials).toEqual(["3 as 1"]);
  });

  test("has a disk that is not whole made so by the leader", () => {
    expect(observer({ volume: { isIncomplete: true } }).dials).toEqual(["3 as 1"]);
  });

  test("goes to another follower when it has lost one, after a pause", () => {
    const peer = observer({ electionDelayMs: 100, chance: () => 0.5 }).opened(1);
    expect(peer.sent).toEqual(["OBSERVERINFO 0x0 on 1"]);
    expect(peer.closed(1).events).toEqual(["looking not serving"]);
    expect(peer.wait(40).votes).toEqual([]);
    expect(peer.wait(30).votes).not.toEqual([]);
    // Chance would choose 2 again.
    expect(find(peer, 2).dials).toEqual(["1 for observers as 3"]);
  });

  test("a voter waits for nothing, and goes to the leader", () => {
    const peer = new ScriptedPeer({ hasMasters: true, reconnectDelayMs: 1000, chance: () => 0.5 });
    peer.vote(3, { leader: 3, zxid: 9n });
    expect(peer.vote(2, { leader: 3, zxid: 9n }).dials).toEqual(["3 as 1"]);
  });

  test("takes what a follower of Apache's informs of before NEWLEADER", () => {
    const peer = observer().opened(1).receive(1, "leaderInfo", z(1, 0), int(0x10000)).persist();
    peer.receive(1, "diff", 0n).propose(1, z(1, 1), "inform").receive(1, "newLeader", z(1, 0));
    expect(peer.delivered).toEqual([]);
    expect(peer.persist().sent).toEqual(["ACK 0x100000000 on 1"]);
    expect(peer.peer.lastZxid).toBe(z(1, 1));
  });
});
