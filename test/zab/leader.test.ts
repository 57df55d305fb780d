/**
 * The leader's side of ZAB, packet by packet. Section numbers are those of the protocol notes:
 * §3.2 handshake, §3.3 synchronisation, §3.5 broadcast.
 */
import { expect, test } from "vitest";
import { PacketType } from "../../src/wire/index.ts";
import { ScriptedPeer, activeLeader, electedLeader, entryOf } from "./scripted-peer.ts";
import { int, join, leaderOfFive, learnerInfo, z } from "./scripted-peer.ts";

/** Proposes the next transactions of a leader in service. */
function propose(peer: ScriptedPeer, count = 1): ScriptedPeer {
  return peer.step(({ leader }) => {
    for (let done = 0; done < count; done++) {
      if (leader === undefined) throw new Error("Expected a leader in service");
      leader.propose(entryOf(leader.nextZxid));
    }
  });
}

test("stepDown() ends a leader's role; it votes again when its disk is done", () => {
  const peer = propose(activeLeader());
  expect(peer.disk).toHaveLength(1);
  peer.step((core) => core.stepDown("no space"));
  expect(peer.events).toEqual(["looking not serving"]);
  expect(peer.closes).not.toEqual([]);
  expect(peer.votes).toEqual([]);
  peer.persist();
  expect(peer.votes).not.toEqual([]);
});

test("stepDown() means nothing to a peer without a role", () => {
  const peer = new ScriptedPeer();
  peer.step((core) => core.stepDown("no space"));
  expect(peer.events).toEqual([]);
});

test("§3.2: the new epoch is one above all that a quorum accepted before", () => {
  const peer = electedLeader({ acceptedEpoch: 4 });
  expect(peer.disk).toEqual([]);
  peer.accepted(2).receive(2, "followerInfo", z(7, 0), learnerInfo(1));
  expect(peer.disk).toEqual(["accepted-epoch 8"]);
});

test("§3.2: LEADERINFO waits until this server's own acceptance is durable", () => {
  const peer = electedLeader().accepted(2).receive(2, "followerInfo", 0n, learnerInfo(1));
  expect(peer.sent).toEqual([]);
  expect(peer.persist().sent).toEqual(["LEADERINFO 0x100000000 on 2"]);
  expect(peer.sentData).toEqual(["00010000454e534d00000004"]);
});

test("§3.2: an observer takes no part in choosing the epoch", () => {
  const peer = electedLeader({ observers: [9] });
  peer.accepted(2).receive(2, "observerInfo", z(50, 0), learnerInfo(9));
  expect(peer.disk).toEqual([]);
});

test("§3.2: a voter that comes as an observer has no vote either", () => {
  const peer = electedLeader();
  peer.accepted(2).receive(2, "observerInfo", 0n, learnerInfo(1));
  expect(peer.disk).toEqual([]);
});

test("§3.2: a leader abdicates to a follower with a newer history", () => {
  const ahead = electedLeader({ log: [z(1, 1)], currentEpoch: 1 });
  join(ahead, 2, 1, { zxid: z(1, 2), currentEpoch: 1 });
  expect(ahead.events).toEqual(["looking not serving"]);
  const later = electedLeader({ log: [z(1, 1)], currentEpoch: 1 });
  join(later, 2, 1, { zxid: z(1, 1), acceptedEpoch: 2, currentEpoch: 2 });
  expect(later.events).toEqual(["looking not serving"]);
});

test("§3.2: a follower of an earlier epoch is not ahead, however long its log", () => {
  const peer = electedLeader({ log: [z(2, 1)], currentEpoch: 2 });
  join(peer, 2, 1, { zxid: z(1, 99), currentEpoch: 1 });
  expect(peer.peer.role).toBe("leading");
  expect(peer.disk).toEqual(["current-epoch 3"]);
});

test("§3.2: an ACKEPOCH of -1 is not counted", () => {
  const peer = electedLeader().accepted(2).receive(2, "followerInfo", 0n, learnerInfo(1)).persist();
  peer.receive(2, "ackEpoch", 0n, int(-1));
  expect(peer.disk).toEqual([]);
  expect(peer.sent).toEqual([]);
});

test("§3.3: with a quorum for the epoch the follower gets history and NEWLEADER", () => {
  const peer = electedLeader({ log: [z(1, 1), z(1, 2)], currentEpoch: 1 });
  join(peer, 2, 1, { zxid: z(1, 1), currentEpoch: 1 });
  expect(peer.sent).toEqual([
    "DIFF 0x100000002 on 2",
    "PROPOSAL 0x100000002 on 2",
    "COMMIT 0x100000002 on 2",
    "NEWLEADER 0x200000000 on 2",
  ]);
  expect(peer.disk).toEqual(["current-epoch 2"]);
});

test("§3.3: service begins when a quorum, this server included, has entered the epoch", () => {
  const peer = join(electedLeader(), 2, 1);
  peer.receive(2, "ack", z(1, 0));
  expect(peer.events).toEqual([]);
  peer.persist();
  expect(peer.events).toEqual(["leading serving in 1"]);
  expect(peer.sent).toEqual(["UPTODATE 0xffffffffffffffff on 2"]);
  expect(peer.peer.leader?.nextZxid).toBe(z(1, 1));
});

test("§3.3: an acknowledgement of another epoch's NEWLEADER is ignored", () => {
  const peer = join(electedLeader({ currentEpoch: 4 }), 2, 1, { currentEpoch: 4 }).persist();
  expect(peer.receive(2, "ack", z(4, 0)).events).toEqual([]);
  expect(peer.receive(2, "ack", z(5, 0)).events).toEqual(["leading serving in 5"]);
});

test("§3.5: a proposal is committed when a quorum has it on disk", () => {
  const peer = propose(activeLeader());
  expect(peer.sent).toEqual(["PROPOSAL 0x100000001 on 2"]);
  expect(peer.disk).toEqual(["append 0x100000001"]);
  expect(peer.persist().delivered).toEqual([]);
  peer.receive(2, "ack", z(1, 1));
  expect(peer.delivered).toEqual(["0x100000001"]);
  expect(peer.sent).toEqual(["COMMIT 0x100000001 on 2"]);
});

test("§3.5: the leader's own log counts only once it is durable", () => {
  const peer = propose(activeLeader()).receive(2, "ack", z(1, 1));
  expect(peer.delivered).toEqual([]);
  expect(peer.persist().delivered).toEqual(["0x100000001"]);
});

test("§3.5: commits keep the order of the zxids, whatever the order of the acknowledgements", () => {
  const peer = propose(activeLeader(), 3).persist();
  expect(peer.receive(2, "ack", z(1, 3)).delivered).toEqual([]);
  expect(peer.receive(2, "ack", z(1, 1)).delivered).toEqual(["0x100000001"]);
  expect(peer.receive(2, "ack", z(1, 2)).delivered).toEqual(["0x100000002", "0x100000003"]);
});

test("§3.5: acknowledgements of what is committed, unknown, or repeated count for nothing", () => {
  const peer = propose(activeLeader(), 2).persist().receive(2, "ack", z(1, 1));
  for (const zxid of [z(1, 1), z(1, 9), z(9, 2)]) {
    expect(peer.receive(2, "ack", zxid).delivered).toEqual([]);
  }
});

test("§3.5: an observer is informed of commits and its acknowledgements do not count", () => {
  const peer = activeLeader({ observers: [9] });
  join(peer, 4, 9, { observes: true }).receive(4, "ack", z(1, 0));
  propose(peer).persist();
  expect(peer.receive(4, "ack", z(1, 1)).delivered).toEqual([]);
  peer.receive(2, "ack", z(1, 1));
  expect(peer.sent).toEqual(["COMMIT 0x100000001 on 2", "INFORM 0x100000001 on 4"]);
});

test("a late follower gets what is outstanding after the history, before NEWLEADER", () => {
  const peer = propose(activeLeader(), 2).persist().receive(2, "ack", z(1, 1));
  join(peer, 4, 2, { zxid: 0n });
  expect(peer.sent).toEqual([
    "DIFF 0x100000001 on 4",
    "PROPOSAL 0x100000001 on 4",
    "COMMIT 0x100000001 on 4",
    "PROPOSAL 0x100000002 on 4",
    "NEWLEADER 0x100000000 on 4",
  ]);
  expect(peer.receive(4, "ack", z(1, 0)).sent).toEqual(["UPTODATE 0xffffffffffffffff on 4"]);
  expect(peer.receive(4, "ack", z(1, 2)).delivered).toEqual(["0x100000002"]);
});

// Found by simulation: a follower had acknowledged a proposal, lost its link, and on its return
// was cut back to what was committed; the leader still counted the acknowledgement and committed
// what was then on its own disk alone.
test("a follower that comes back has to acknowledge anew what is outstanding", () => {
  const peer = propose(activeLeader()).receive(2, "ack", z(1, 1));
  // The leader's own disk is slow, and meanwhile the follower's link is replaced.
  peer.wait(210).accepted(4).receive(4, "followerInfo", z(1, 0), learnerInfo(1));
  peer.receive(4, "ackEpoch", z(1, 1), int(-1));
  expect(peer.sent).toEqual([
    "TRUNC 0x0 on 4",
    "PROPOSAL 0x100000001 on 4",
    "NEWLEADER 0x100000000 on 4",
  ]);
  expect(peer.persist().delivered).toEqual([]);
  peer.receive(4, "ack", z(1, 0)).receive(4, "ack", z(1, 1));
  expect(peer.delivered).toEqual(["0x100000001"]);
});

// A snapshot is taken of the driver's state, and that state gets the undecided tail when the role
// ends: a snapshot planned in the same turn would carry it to a learner as decided.
test("no snapshot is sent by a leadership that ends in the same turn", () => {
  const log = [z(1, 5)];
  const peer = propose(activeLeader({ log, currentEpoch: 1 }));
  peer.accepted(4).receive(4, "followerInfo", z(1, 0), learnerInfo(2));
  peer.step((core) => {
    core.receivePacket(4, {
      type: PacketType.ackEpoch,
      zxid: z(1, 1),
      data: int(1),
      authInfo: null,
    });
    core.stepDown("no space");
  });
  expect(peer.delivered).toEqual(["0x200000001"]);
  expect(peer.closes).toContain(4);
  expect(peer.sent.filter((packet) => packet.startsWith("SNAP"))).toEqual([]);
});

test("ZOOKEEPER-1277: a leader whose counter is used up resigns after the last transaction", () => {
  const peer = propose(activeLeader({ counterMax: 2 }));
  expect(peer.peer.role).toBe("leading");
  propose(peer);
  expect(peer.sent).toEqual(["PROPOSAL 0x100000002 on 2"]);
  expect(peer.events).toEqual(["looking not serving"]);
  expect(peer.closes).toEqual([2]);
  expect(peer.delivered).toEqual(["0x100000001", "0x100000002"]);
});

test("a leader not yet in service ends for a voter that accepted a later epoch", () => {
  const peer = join(electedLeader(), 2, 1).accepted(4);
  expect(peer.peer.isServing).toBe(false);
  peer.receive(4, "followerInfo", z(6, 0), learnerInfo(2));
  expect(peer.peer.role).toBe("looking");
});

test("a leader without a quorum of followers steps down", () => {
  const peer = activeLeader().wait(10).wait(200);
  expect(peer.closed(2).events).toEqual(["learner-lost"]);
  expect(peer.wait(10).events).toEqual(["looking not serving"]);
});

test("a leader waits a tick for a voter that is joining when another one leaves", () => {
  const joining = (): ScriptedPeer =>
    activeLeader().wait(10).wait(200).accepted(4).receive(4, "followerInfo", 0n, learnerInfo(2));
  const left = joining().closed(2);
  expect(left.wait(10).peer.isServing).toBe(true);
  left.receive(4, "ackEpoch", z(1, 0), int(1)).receive(4, "ack", z(1, 0));
  expect(left.wait(300).peer.isServing).toBe(true);
  const late = joining().closed(2);
  expect(late.wait(190).peer.isServing).toBe(true);
  expect(late.wait(30).peer.role).toBe("looking");
});

test("a new leader waits for voters that may be about to join", () => {
  const peer = activeLeader().wait(10).closed(2);
  expect(peer.wait(180).peer.isServing).toBe(true);
  expect(peer.wait(20).peer.role).toBe("looking");
});

test("a leader may be told to wait less for an epoch than for what follows", () => {
  const waiting = electedLeader({ epochWaitMs: 300 });
  expect(waiting.wait(290).peer.role).toBe("leading");
  expect(waiting.wait(30).peer.role).toBe("looking");
  const agreed = join(electedLeader({ epochWaitMs: 300 }), 2, 1);
  expect(agreed.wait(600).peer.role).toBe("leading");
});

test("heartbeats go out every half tick, and silence of syncLimit costs a follower its link", () => {
  const peer = activeLeader();
  expect(peer.wait(100).sent).toEqual(["PING 0x100000000 on 2"]);
  peer.receive(2, "ping", z(1, 0), Buffer.alloc(12));
  expect(peer.events).toEqual(["touched"]);
  expect(peer.wait(990).closes).toEqual([]);
  expect(peer.wait(20).closes).toEqual([2]);
});

test("a leader that finds no quorum within initLimit gives up", () => {
  const peer = electedLeader();
  expect(peer.wait(1990).peer.role).toBe("leading");
  expect(peer.wait(30).peer.role).toBe("looking");
});

test("requests of a learner go up once it is synced, and cost it the link before", () => {
  const peer = activeLeader();
  expect(peer.receive(2, "request", -1n, Buffer.alloc(20)).events).toEqual(["packet"]);
  peer.accepted(4).receive(4, "followerInfo", 0n, learnerInfo(2));
  expect(peer.receive(4, "request", -1n, Buffer.alloc(20)).closes).toEqual([4]);
});

test("a learner with a newer configuration, or with nonsense, is refused", () => {
  const peer = electedLeader({ configVersion: 5n }).accepted(2).accepted(4).accepted(6);
  expect(peer.receive(2, "followerInfo", 0n, learnerInfo(1, 6n)).closes).toEqual([2]);
  expect(peer.receive(4, "followerInfo", 0n, Buffer.alloc(3)).closes).toEqual([4]);
  expect(peer.receive(6, "ackEpoch", 0n, int(0)).closes).toEqual([6]);
  const again = electedLeader().accepted(2).receive(2, "followerInfo", 0n, learnerInfo(1));
  expect(again.receive(2, "followerInfo", 0n, learnerInfo(1)).closes).toEqual([2]);
});

test("a new connection of a server replaces its old one, once that one is silent", () => {
  const peer = activeLeader().wait(210).accepted(4);
  peer.receive(4, "followerInfo", z(1, 0), learnerInfo(1));
  expect(peer.closes).toEqual([2]);
  expect(peer.events).toEqual(["learner-lost: replaced"]);
});

test("two servers of one id: the second is refused while the first one answers", () => {
  const peer = activeLeader().accepted(4).receive(4, "followerInfo", z(1, 0), learnerInfo(1));
  expect(peer.closes).toEqual([4]);
  expect(peer.events).toEqual(["odd-learner: duplicate 1"]);
  expect(peer.wait(20).peer.isServing).toBe(true);
  // One of the leader's own id can never be right.
  peer.accepted(6).receive(6, "followerInfo", z(1, 0), learnerInfo(3));
  expect(peer.events).toContain("odd-learner: duplicate 3");
});

test("a server outside of the membership is served where joiners may come, and told of", () => {
  const closed = activeLeader().accepted(4).receive(4, "observerInfo", 0n, learnerInfo(7));
  expect(closed.closes).toEqual([4]);
  expect(closed.events).toContain("odd-learner: stranger 7");
  const open = activeLeader({ takesJoiners: true }).accepted(4);
  open.receive(4, "observerInfo", 0n, learnerInfo(7));
  expect(open.events).toEqual(["odd-learner: joiner 7"]);
  expect(open.sent).toEqual(["LEADERINFO 0x100000000 on 4"]);
});

test("an accepted epoch that would use up all epochs neither counts nor ends a leadership", () => {
  const peer = electedLeader().accepted(2);
  peer.receive(2, "followerInfo", z(0x7ffffffe, 0), learnerInfo(1));
  expect(peer.closes).toEqual([2]);
  expect(peer.events).toContain("odd-learner: absurd-epoch 1");
  expect(peer.disk).toEqual([]);
  join(peer, 4, 2);
  peer.accepted(6).receive(6, "followerInfo", z(0x7fffffff, 0), learnerInfo(1));
  expect(peer.closes).toEqual([6]);
  expect(peer.peer.role).toBe("leading");
});

test("a leader that no epoch is left for gives up", () => {
  const peer = electedLeader({ acceptedEpoch: 0x7fffffff, currentEpoch: 4 });
  peer.accepted(2).receive(2, "followerInfo", z(4, 0), learnerInfo(1));
  expect(peer.disk).toEqual([]);
  expect(peer.wait(10).peer.role).toBe("looking");
});

test("a leader's epoch is above the one that made its membership", () => {
  const peer = electedLeader({ configVersion: z(1000, 0) });
  peer.accepted(2).receive(2, "followerInfo", z(7, 0), learnerInfo(1));
  expect(peer.disk).toEqual(["accepted-epoch 1001"]);
});

// A voter that had promised this leader's epoch has lost its disk, come back under another leader
// and acknowledged more there: the leader may not go into service on the promise that is gone.
test("a voter that is ahead ends a leader until it is in service", () => {
  const peer = leaderOfFive({ currentEpoch: 1 });
  peer.accepted(6).receive(6, "followerInfo", z(1, 0), learnerInfo(1));
  expect(peer.closes).toEqual([2]);
  peer.receive(6, "ackEpoch", z(1, 5), int(1));
  expect(peer.peer.role).toBe("looking");
});

test("NEWLEADER counts only from voters known not to be ahead", () => {
  const peer = leaderOfFive().receive(2, "ack", z(1, 0));
  // Server 4 accepted the epoch on a link that was lost, so that its history was never compared.
  join(peer, 6, 4, { acceptedEpoch: 1, currentEpoch: -1 }).receive(6, "ack", z(1, 0));
  expect(peer.peer.isServing).toBe(false);
  expect(peer.receive(4, "ack", z(1, 0)).peer.isServing).toBe(true);
});
