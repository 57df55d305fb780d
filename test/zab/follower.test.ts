/**
 * The learner's side of ZAB, packet by packet. Section numbers are those of the protocol notes:
 * §3.2 handshake, §3.4 order at NEWLEADER, §3.5 broadcast.
 */
import { expect, test } from "vitest";
import { PacketType } from "../../src/wire/index.ts";
import { ScriptedPeer, activeFollower, entryOf, followerAt, int, z } from "./scripted-peer.ts";

/** Follower in synchronisation: epoch 2 accepted, DIFF received. */
function synchronising(log: readonly bigint[] = [z(1, 1)]): ScriptedPeer {
  return followerAt(2, { log, currentEpoch: 1 }).persist().receive(1, "diff", z(1, 1));
}

test("§3.2: FOLLOWERINFO carries the accepted epoch and the server id", () => {
  const peer = new ScriptedPeer({ acceptedEpoch: 4, currentEpoch: 2 });
  peer.vote(3, { leader: 3, epoch: 9 }).vote(2, { leader: 3, epoch: 9 }).opened(1);
  expect(peer.sent).toEqual(["FOLLOWERINFO 0x400000000 on 1"]);
  const says = "0000000000000001000100000000000000000000454e534d00000009000000020000000000000000";
  expect(peer.sentData).toEqual([says]);
});

test("§3.2: an observer introduces itself by OBSERVERINFO", () => {
  const peer = new ScriptedPeer({ sid: 9, observers: [9] });
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 }).wait(210).opened(1);
  expect(peer.sent).toEqual(["OBSERVERINFO 0x0 on 1"]);
});

test("§3.2: ACKEPOCH tells last zxid and current epoch, once the new epoch is durable", () => {
  const peer = followerAt(5, { log: [z(2, 7)], currentEpoch: 2, acceptedEpoch: 3 });
  expect(peer.disk).toEqual(["accepted-epoch 5"]);
  expect(peer.sent).toEqual([]);
  peer.persist();
  expect(peer.sent).toEqual(["ACKEPOCH 0x200000007 on 1"]);
  expect(peer.sentData).toEqual(["00000002"]);
});

test("§3.2: an epoch that was accepted before is acknowledged with -1, not to be counted", () => {
  const peer = followerAt(5, { log: [z(2, 7)], currentEpoch: 2, acceptedEpoch: 5 }).persist();
  expect(peer.sentData).toEqual(["ffffffff"]);
});

test("§3.2: a leader whose epoch is below the accepted one is left", () => {
  const peer = followerAt(4, { acceptedEpoch: 5 });
  expect(peer.events).toEqual(["looking not serving"]);
  expect(peer.closes).toEqual([1]);
});

test("§3.4: NEWLEADER is acknowledged after the synced transactions and currentEpoch", () => {
  const peer = synchronising().propose(1, z(1, 2)).receive(1, "commit", z(1, 2));
  peer.receive(1, "newLeader", z(2, 0));
  expect(peer.disk).toEqual(["append 0x100000002", "current-epoch 2"]);
  expect(peer.sent).toEqual([]);
  expect(peer.persist(1).sent).toEqual([]);
  expect(peer.persist(1).sent).toEqual(["ACK 0x200000000 on 1"]);
});

test("§3.4: what is not committed before NEWLEADER is logged and acknowledged after it", () => {
  const peer = synchronising().propose(1, z(2, 1));
  expect(peer.disk).toEqual([]);
  peer.receive(1, "newLeader", z(2, 0));
  expect(peer.disk).toEqual(["current-epoch 2", "append 0x200000001"]);
  expect(peer.persist(1).sent).toEqual(["ACK 0x200000000 on 1"]);
  expect(peer.persist(1).sent).toEqual(["ACK 0x200000001 on 1"]);
});

test("§3.4: a synced transaction gets no acknowledgement of its own", () => {
  const peer = synchronising().propose(1, z(1, 2)).receive(1, "commit", z(1, 2));
  peer.receive(1, "newLeader", z(2, 0)).persist();
  expect(peer.sent).toEqual(["ACK 0x200000000 on 1"]);
});

test("§3.4: TRUNC comes first: later packets wait until the log is cut", () => {
  const log = [z(1, 1), z(1, 2), z(1, 3)];
  const peer = followerAt(3, { log, currentEpoch: 1 }).persist().receive(1, "trunc", z(1, 2));
  peer.propose(1, z(2, 1)).receive(1, "commit", z(2, 1)).receive(1, "newLeader", z(3, 0));
  expect(peer.disk).toEqual(["truncate 0x100000002"]);
  peer.replaced(z(1, 2));
  expect(peer.delivered).toEqual(["0x200000001"]);
  expect(peer.disk).toEqual(["append 0x200000001", "current-epoch 3"]);
});

test("§3.4: SNAP comes first: later packets wait until the snapshot is installed", () => {
  const peer = followerAt(3, { log: [z(1, 9)], currentEpoch: 1 }).persist();
  peer.receive(1, "snap", z(2, 5)).receive(1, "newLeader", z(3, 0));
  expect(peer.disk).toEqual(["install-snapshot 0x200000005"]);
  expect(peer.replaced(z(2, 5)).disk).toEqual(["current-epoch 3"]);
  expect(peer.peer.lastZxid).toBe(z(2, 5));
});

// A leader of Apache's begins to forward before it asks its tree where the snapshot stands.
test("§3.3: what is sent beside the snapshot that has it already is passed over", () => {
  const peer = followerAt(3, { log: [z(1, 9)], currentEpoch: 1 }).persist();
  peer.receive(1, "snap", z(2, 5));
  for (const counter of [4, 5, 6]) {
    peer.propose(1, z(2, counter)).receive(1, "commit", z(2, counter));
  }
  peer.receive(1, "newLeader", z(3, 0)).replaced(z(2, 5));
  expect(peer.events).toEqual([]);
  expect(peer.delivered).toEqual(["0x200000006"]);
  expect(peer.disk.at(-1)).toBe("current-epoch 3");
});

test("§3.4: a proposal after NEWLEADER that the snapshot has is a leader's mistake", () => {
  const peer = followerAt(3, { log: [z(1, 9)], currentEpoch: 1 }).persist();
  peer.receive(1, "snap", z(2, 5)).receive(1, "newLeader", z(3, 0)).replaced(z(2, 5));
  expect(peer.propose(1, z(2, 5)).events).toEqual(["looking not serving"]);
});

test("a log that lacks the transaction it is to be cut at asks the same leader again", () => {
  const log = [z(1, 1), z(2, 1)];
  const peer = followerAt(3, { log, currentEpoch: 2 }).persist().receive(1, "trunc", z(1, 2));
  peer.replaced(z(1, 1));
  expect(peer.closes).toEqual([1]);
  expect(peer.events).toEqual([]);
  expect(peer.wait(60).dials).toEqual(["3 as 3"]);
  peer.opened(3).receive(3, "leaderInfo", z(3, 0), int(0x10000)).persist();
  expect(peer.sent).toEqual(["ACKEPOCH 0x100000001 on 3"]);
  expect(peer.sentData).toEqual(["ffffffff"]);
});

// A disk that cannot be cut used to start from nothing, which lost acknowledged transactions when
// other copies were lost, too; then the server claimed an empty history, which could let a leader
// win discovery that was behind it, and found no leader that answers with a snapshot.
test("a log that cannot be cut so far is kept, and asks the same leader for its snapshot", () => {
  const peer = followerAt(3, { snapshot: z(1, 8), currentEpoch: 1 }).persist();
  peer.receive(1, "trunc", z(1, 5)).replaced(z(1, 8)).wait(60);
  peer.opened(3).receive(3, "leaderInfo", z(3, 0), int(0x10000)).persist();
  // The start of an epoch above all: nothing but a snapshot can follow from it.
  expect(peer.sent).toEqual(["ACKEPOCH 0x400000000 on 3"]);
  expect(peer.sentData).toEqual(["ffffffff"]);
  expect(peer.receive(3, "snap", z(1, 5)).disk).toEqual(["install-snapshot 0x100000005"]);
});

test("a server that wants a snapshot tells a leader of another epoch the truth", () => {
  const peer = followerAt(3, { snapshot: z(1, 8), currentEpoch: 1 }).persist();
  peer.receive(1, "trunc", z(1, 5)).replaced(z(1, 8)).wait(60);
  peer.opened(3).receive(3, "leaderInfo", z(4, 0), int(0x10000)).persist();
  expect(peer.sent).toEqual(["ACKEPOCH 0x100000008 on 3"]);
  expect(peer.sentData).toEqual(["00000001"]);
});

test("§3.4: UPTODATE is acknowledged and puts the follower in service", () => {
  const peer = synchronising().receive(1, "newLeader", z(2, 0)).persist();
  peer.receive(1, "upToDate", -1n);
  expect(peer.sent).toEqual(["ACK 0x200000000 on 1"]);
  expect(peer.events).toEqual(["following serving in 2"]);
  expect(peer.peer.isServing).toBe(true);
});

test("§3.5: a proposal is acknowledged when it is durable, delivered when it is committed", () => {
  const peer = activeFollower(1);
  expect(peer.propose(1, z(1, 1)).sent).toEqual([]);
  expect(peer.delivered).toEqual([]);
  expect(peer.receive(1, "commit", z(1, 1)).delivered).toEqual(["0x100000001"]);
  expect(peer.persist().sent).toEqual(["ACK 0x100000001 on 1"]);
});

test("§3.5: one batch of the disk acknowledges each proposal, in order", () => {
  const peer = activeFollower(1).propose(1, z(1, 1)).propose(1, z(1, 2)).persist();
  expect(peer.sent).toEqual(["ACK 0x100000001 on 1", "ACK 0x100000002 on 1"]);
});

test("§3.5: an observer delivers INFORM at once and acknowledges nothing", () => {
  const peer = new ScriptedPeer({ sid: 9, observers: [9] });
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 }).wait(210).opened(1);
  peer.receive(1, "leaderInfo", z(1, 0), int(0x10000)).persist();
  peer.receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0)).persist();
  expect(peer.receive(1, "upToDate", -1n).events).toEqual(["observing serving in 1"]);
  expect(peer.propose(1, z(1, 1), "inform").delivered).toEqual(["0x100000001"]);
  expect(peer.persist().sent).toEqual([]);
});

test("ZOOKEEPER-4925: a hole in the proposals drops the link, in service as in sync", () => {
  const active = activeFollower(1).propose(1, z(1, 1)).propose(1, z(1, 3));
  expect(active.closes).toEqual([1]);
  expect(active.peer.role).toBe("looking");
  expect(synchronising().propose(1, z(1, 3)).closes).toEqual([1]);
});

test("a proposal whose payload has another zxid drops the link", () => {
  const peer = activeFollower(1);
  peer.receive(1, "proposal", z(1, 1), entryOf(z(1, 2)).payload);
  expect(peer.closes).toEqual([1]);
});

test("a proposal without a whole header drops the link, not the process", () => {
  const peer = activeFollower(1).receive(1, "proposal", z(1, 1), Buffer.alloc(8));
  expect(peer.closes[0]).toBe(1);
  expect(peer.peer.role).toBe("looking");
});

test("a commit that is not for the oldest proposal drops the link", () => {
  const peer = activeFollower(1).propose(1, z(1, 1)).propose(1, z(1, 2));
  expect(peer.receive(1, "commit", z(1, 2)).closes).toEqual([1]);
  expect(activeFollower(1).receive(1, "commit", z(1, 1)).closes).toEqual([1]);
});

test("packets out of their phase drop the link", () => {
  expect(followerAt(2).receive(1, "leaderInfo", z(2, 0), int(0)).closes).toEqual([1]);
  expect(followerAt(2).persist().propose(1, z(1, 1)).closes).toEqual([1]);
  expect(followerAt(2).persist().receive(1, "newLeader", z(2, 0)).closes).toEqual([1]);
  expect(synchronising().receive(1, "newLeader", z(3, 0)).closes).toEqual([1]);
  expect(synchronising().receive(1, "upToDate", -1n).closes).toEqual([1]);
  expect(activeFollower(1).receive(1, "diff", z(1, 1)).closes).toEqual([1]);
  expect(activeFollower(1).receive(1, "followerInfo", 0n).closes).toEqual([1]);
});

test("what was logged and not committed becomes part of the history when the role ends", () => {
  const peer = activeFollower(1).propose(1, z(1, 1)).propose(1, z(1, 2)).persist();
  peer.receive(1, "commit", z(1, 1)).closed(1);
  expect(peer.delivered).toEqual(["0x100000002"]);
  expect(peer.peer.isServing).toBe(false);
});

test("a dial that fails is repeated, until the attempts are used up", () => {
  const peer = new ScriptedPeer();
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 });
  for (let link = 1; link < 39; link += 2) {
    expect(peer.closed(link).dials).toEqual([]);
    expect(peer.wait(60).dials).toEqual([`3 as ${link + 2}`]);
  }
  expect(peer.closed(39).events).toEqual(["looking not serving"]);
});

test("a link that opens after it was given up is closed", () => {
  const peer = activeFollower(1);
  expect(peer.opened(77).closes).toEqual([77]);
});

test("a leader that is silent for syncLimit is left; any packet of it counts", () => {
  const peer = activeFollower(1).wait(900);
  expect(peer.receive(1, "ping", z(1, 0)).events).toEqual(["ping"]);
  expect(peer.wait(990).peer.isServing).toBe(true);
  expect(peer.wait(30).events).toEqual(["looking not serving"]);
});

test("joining that takes longer than initLimit is given up", () => {
  const peer = followerAt(2).persist();
  expect(peer.wait(1990).peer.role).toBe("following");
  expect(peer.wait(30).peer.role).toBe("looking");
});

test("§3.5: SYNC is answered behind the commits that came before it", () => {
  const peer = activeFollower(1).propose(1, z(1, 1));
  peer.step((core) => {
    core.syncSent({ token: "a" });
    core.receivePacket(1, { type: PacketType.commit, zxid: z(1, 1), data: null, authInfo: null });
    core.receivePacket(1, { type: PacketType.sync, zxid: 0n, data: null, authInfo: null });
  });
  expect(peer.syncs).toEqual(["a after 1"]);
});

test("REVALIDATE goes to the layer above", () => {
  const peer = activeFollower(1);
  expect(peer.receive(1, "revalidate", 0n).events).toEqual(["revalidated"]);
});

test("a follower refuses learners", () => {
  expect(activeFollower(1).accepted(2).closes).toEqual([2]);
});

test("a disk that holds more than its epochs allow is refused at the start", () => {
  expect(() => new ScriptedPeer({ log: [z(2, 1)], currentEpoch: 1 })).toThrow("run ahead");
  expect(() => new ScriptedPeer({ currentEpoch: 2, acceptedEpoch: 1 })).toThrow("accepted before");
});
