/**
 * Servers whose disks are not whole, packet by packet: what they promised and acknowledged before
 * is forgotten, so they must count for nothing until a leader has made them whole.
 */
import { expect, test } from "vitest";
import { activeLeader, electedLeader, entryOf, int, join, leaderOfFive } from "./scripted-peer.ts";
import { ScriptedPeer, learnerInfo, z } from "./scripted-peer.ts";
import { PeerState, encodeLeaderInfo } from "../../src/wire/index.ts";

/** Server `sid` under the id of a server whose disk is not whole. */
function incomplete(sid: number): Buffer {
  return learnerInfo(Number(~BigInt(sid)), 0n, { knowsHandOver: true });
}

/** Server 1 with an empty disk, at server 3's link, which a quorum follows. */
function emptyFollower(): ScriptedPeer {
  const peer = new ScriptedPeer({ snapshot: -1n, volume: { isIncomplete: true } });
  const settled = { leader: 3, zxid: z(1, 1), epoch: 1, round: 4 };
  peer.vote(3, { ...settled, state: PeerState.leading });
  peer.vote(2, { ...settled, state: PeerState.following });
  return peer.opened(1);
}

test("an empty disk learns as an observer, under an id that no leader counts", () => {
  const peer = emptyFollower();
  expect(peer.peer.role).toBe("observing");
  expect(peer.sent).toEqual(["OBSERVERINFO 0x0 on 1"]);
  expect(peer.sentData[0]).toBe(incomplete(1).toString("hex"));
});

test("an empty disk is whole after UPTODATE, durably, and only then joins as a voter", () => {
  const peer = emptyFollower().receive(1, "leaderInfo", z(2, 0), int(0x10000)).persist();
  expect(peer.sent).toEqual(["ACKEPOCH 0xffffffffffffffff on 1"]);
  peer.receive(1, "snap", z(1, 7)).replaced(z(1, 7)).receive(1, "newLeader", z(2, 0)).persist();
  expect(peer.sent).toEqual(["ACK 0x200000000 on 1"]);
  // It acknowledges nothing of what it is informed of meanwhile.
  expect(peer.propose(1, z(2, 1), "inform").persist().sent).toEqual([]);
  peer.receive(1, "upToDate", -1n);
  expect(peer.events).toEqual([]);
  expect(peer.peer.isServing).toBe(false);
  expect(peer.disk).toEqual(["volume whole, unsettled id none"]);
  peer.persist();
  expect(peer.closes).toEqual([1]);
  expect(peer.votes[0]).toMatch(/^to 2: 1 \(2, 0x200000001\) in round \d+, LOOKING$/);
});

test("a server without a whole disk helps no leader to its epoch, nor into service", () => {
  const peer = electedLeader({ currentEpoch: 1, log: [z(1, 1)] });
  peer.accepted(2).receive(2, "observerInfo", 0n, incomplete(1));
  expect(peer.disk).toEqual([]);
  // Nor does what the server of this id did before it lost its disk.
  const leaderAfter = (loses: boolean): ScriptedPeer => {
    const leader = leaderOfFive({ currentEpoch: 1, log: [z(1, 1)] });
    leader.receive(2, "ack", z(2, 0));
    if (loses) leader.closed(2).accepted(6).receive(6, "observerInfo", 0n, incomplete(1));
    return leader.receive(4, "ack", z(2, 0));
  };
  expect(leaderAfter(false).peer.isServing).toBe(true);
  expect(leaderAfter(true).peer.isServing).toBe(false);
});

test("what a voter acknowledged before it lost its disk commits nothing afterwards", () => {
  const peer = activeLeader();
  peer.step(({ leader }) => leader?.propose(entryOf(z(1, 1)))).receive(2, "ack", z(1, 1));
  // This leader's disk is slow: server 1 loses its own before the proposal is committed.
  peer.closed(2).accepted(4).receive(4, "observerInfo", 0n, incomplete(1));
  expect(peer.persist().delivered).toEqual([]);
});

test("UPTODATE for an empty disk waits until a quorum without it confirms the leader", () => {
  const peer = activeLeader().accepted(4).receive(4, "observerInfo", 0n, incomplete(2));
  peer.receive(4, "ackEpoch", -1n, int(0));
  expect(peer.sent).toEqual(["SNAP 0x0 on 4", "NEWLEADER 0x100000000 on 4"]);
  expect(peer.receive(4, "ack", z(1, 0)).sent).toEqual(["PING 0x100000000 on 2"]);
  expect(peer.receive(2, "ping", z(1, 0), Buffer.alloc(12)).sent).toEqual([
    "UPTODATE 0xffffffffffffffff on 4",
  ]);
});

test("a leader that is deposed and does not know it makes no disk whole", () => {
  const peer = activeLeader().accepted(4).receive(4, "observerInfo", 0n, incomplete(2));
  peer.receive(4, "ackEpoch", -1n, int(0)).receive(4, "ack", z(1, 0));
  // The follower's link is open and silent.
  const sent = [];
  for (let waitedMs = 0; waitedMs < 1200; waitedMs += 10) sent.push(...peer.wait(10).sent);
  expect(sent.filter((packet) => packet.startsWith("UPTODATE"))).toEqual([]);
  expect(peer.peer.role).toBe("looking");
});

test("the first leader names the ensemble, and settles the name with a quorum", () => {
  const peer = electedLeader({ newEnsembleId: "e-1" });
  expect(peer.disk).toEqual(["volume whole, unsettled id e-1"]);
  join(peer, 2, 1);
  expect(peer.persist().receive(2, "ack", z(1, 0)).disk).toEqual(["volume whole, settled id e-1"]);
  const later = electedLeader({ newEnsembleId: "e-1", currentEpoch: 1, log: [z(1, 1)] });
  expect(later.disk).toEqual([]);
});

test("a learner takes the name over before it acknowledges, and gives up one that came to nothing", () => {
  const volume = { ensembleId: "e-0", isIdSettled: false };
  const peer = new ScriptedPeer({ volume });
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 }).opened(1);
  const history = { currentEpoch: 0, lastZxid: 0n };
  const info = learnerInfo(1, 0n, { knowsHandOver: true, history });
  expect(peer.sentData[0]).toBe(info.toString("hex"));
  peer.receive(1, "leaderInfo", z(1, 0), encodeLeaderInfo({ ensembleId: "e-1" })).persist();
  peer.receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0));
  expect(peer.disk).toEqual(["volume whole, unsettled id e-1", "current-epoch 1"]);
  peer.persist().receive(1, "upToDate", -1n);
  expect(peer.disk).toEqual(["volume whole, settled id e-1"]);
});

test("servers of different ensembles refuse each other", () => {
  const volume = { ensembleId: "ours", isIdSettled: true };
  const learner = new ScriptedPeer({ volume });
  learner.vote(3, { leader: 3 }).vote(2, { leader: 3 }).opened(1);
  learner.receive(1, "leaderInfo", z(1, 0), encodeLeaderInfo({ ensembleId: "theirs" }));
  expect(learner.closes).toEqual([1]);
  expect(learner.disk).toEqual([]);
  expect(learner.peer.rejection?.reason).toContain("'theirs'");
  const leader = electedLeader({ volume }).accepted(2);
  leader.receive(2, "followerInfo", 0n, learnerInfo(1, 0n, { ensembleId: "theirs" }));
  expect(leader.events).toEqual(["odd-learner: foreign 1"]);
  expect(leader.sent).toEqual(["LEADERINFO 0x0 on 2"]);
  expect(leader.disk).toEqual([]);
  expect(leader.receive(2, "ackEpoch", 0n, int(0)).closes).toEqual([2]);
  // Who says nothing, such as ZooKeeper's servers, is not asked.
  leader.accepted(4).receive(4, "followerInfo", 0n, learnerInfo(1));
  expect(leader.disk).toEqual(["accepted-epoch 1"]);
});
