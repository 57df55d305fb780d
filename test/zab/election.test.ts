/** Fast leader election, vote by vote (protocol.md §2, ZooKeeper 3.9 `FastLeaderElection`). */
import { expect, test } from "vitest";
import { PeerState } from "../../src/wire/index.ts";
import {
  ScriptedPeer,
  activeFollower,
  activeLeader,
  entryOf,
  followerAt,
  z,
} from "./scripted-peer.ts";

const noVote = -0x8000000000000000n;

test("a server that starts votes for itself with its epoch and last zxid, to all other voters", () => {
  const peer = new ScriptedPeer({ log: [z(2, 1)], currentEpoch: 2, observers: [9] });
  expect(peer.peer.role).toBe("looking");
  peer.vote(9, { leader: Number(noVote), zxid: noVote });
  expect(peer.votes).toEqual(["to 9: 1 (2, 0x200000001) in round 1, LOOKING"]);
});

test("a lone voter elects itself at once", () => {
  const peer = new ScriptedPeer({ voters: [1] });
  expect(peer.events).toEqual(["leading not serving"]);
  peer.persist().persist();
  expect(peer.events).toEqual(["leading serving in 1"]);
});

test("votes are ordered by epoch, then zxid, then server id", () => {
  const log = [z(2, 1), z(2, 2)];
  const peer = new ScriptedPeer({ sid: 2, log, currentEpoch: 2 });
  expect(peer.vote(3, { leader: 3, zxid: z(9, 9), epoch: 1 }).votes).toEqual([]);
  expect(peer.vote(3, { leader: 3, zxid: z(2, 1), epoch: 2 }).votes).toEqual([]);
  expect(peer.vote(1, { leader: 1, zxid: z(2, 2), epoch: 2 }).votes).toEqual([]);
  expect(peer.vote(3, { leader: 3, zxid: z(2, 2), epoch: 2 }).votes[0]).toContain("3 (2, ");
  expect(peer.vote(1, { leader: 1, zxid: z(2, 3), epoch: 2 }).votes[0]).toContain("1 (2, ");
});

test("a quorum decides only after a moment in which nothing better came", () => {
  const peer = new ScriptedPeer();
  peer.vote(2, { leader: 2 });
  expect(peer.wait(190).events).toEqual([]);
  expect(peer.wait(20).events).toEqual(["following not serving"]);
  expect(peer.dials).toEqual(["2 as 1"]);
});

test("a better vote within that moment changes the decision", () => {
  const peer = new ScriptedPeer();
  peer.vote(2, { leader: 2 }).wait(100).vote(3, { leader: 3 });
  // Now only 3 is known to vote so: no quorum yet but with the own changed vote.
  expect(peer.wait(150).events).toEqual([]);
  expect(peer.wait(60).dials).toEqual(["3 as 1"]);
});

test("when all voters agree there is nothing to wait for", () => {
  const peer = new ScriptedPeer();
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 });
  expect(peer.events).toEqual(["following not serving"]);
});

test("a vote of a later round starts that round afresh", () => {
  const peer = new ScriptedPeer();
  peer.vote(2, { leader: 2 });
  peer.vote(3, { leader: 3, round: 5 });
  expect(peer.votes[0]).toBe("to 2: 3 (0, 0x0) in round 5, LOOKING");
  // The vote of server 2 was for round 1 and does not count any more.
  expect(peer.vote(2, { leader: 3, round: 1 }).events).toEqual([]);
  expect(peer.votes).toEqual(["to 2: 3 (0, 0x0) in round 5, LOOKING"]);
});

test("a vote with zxid -1, of a server without a database, is ignored", () => {
  const peer = new ScriptedPeer();
  peer.vote(2, { leader: 2, zxid: -1n, epoch: 9 }).vote(3, { leader: 2, zxid: -1n, epoch: 9 });
  expect(peer.wait(300).peer.role).toBe("looking");
});

test("a server learns of voters without which there is no quorum, and whose disks are not whole", () => {
  const peer = new ScriptedPeer({ voters: [1, 2, 3, 4, 5] });
  const lost = (sid: number) => ({ leader: sid, zxid: -1n });
  expect(peer.vote(2, lost(2)).vote(3, lost(3)).peer.votersMissed).toEqual([]);
  expect(peer.vote(5, lost(5)).peer.votersMissed).toEqual([2n, 3n, 5n]);
  // One of them has been made whole by then.
  expect(peer.vote(5, { leader: 5 }).peer.votersMissed).toEqual([]);
});

test("a server whose disk is not whole votes for nobody, and keeps asking", () => {
  const peer = new ScriptedPeer({
    log: [z(1, 1)],
    currentEpoch: 1,
    volume: { isIncomplete: true },
  });
  peer.vote(2, { leader: 1, zxid: z(1, 1), epoch: 1 }).vote(3, { leader: 3, epoch: 1 });
  expect(peer.wait(1000).peer.role).toBe("looking");
  expect(new Set(peer.votes)).toEqual(
    new Set(["to 2", "to 3"].map((to) => `${to}: 1 (1, 0xffffffffffffffff) in round 1, LOOKING`)),
  );
  peer.wait(60_000);
  expect(peer.wait(2000).votes.length).toBeGreaterThanOrEqual(2);
});

test("votes that nobody in his right mind sends are ignored and told of", () => {
  const peer = new ScriptedPeer();
  const max = 2n ** 63n - 1n;
  const odd = [
    { round: -1 },
    { round: Number(2n ** 62n) + 4096 },
    { epoch: -1 },
    { epoch: 2 ** 31 },
    { zxid: -2n },
  ];
  for (const each of odd) {
    expect(peer.vote(3, { leader: 3, ...each }).events).toEqual(["odd-vote"]);
    expect(peer.votes).toEqual([]);
  }
  expect(peer.vote(3, { leader: 3, zxid: max, epoch: 0x7fffffff }).events).toEqual([]);
});

test("the highest round that is believed is not the end of elections", () => {
  const highest = Number(2n ** 62n);
  const peer = new ScriptedPeer().vote(3, { leader: 3, round: highest });
  expect(peer.votes[0]).toBe(`to 2: 3 (0, 0x0) in round ${2n ** 62n}, LOOKING`);
  peer.vote(2, { leader: 3, round: highest });
  expect(peer.peer.role).toBe("following");
  peer.step((core) => core.stepDown("for another election"));
  expect(peer.votes[0]).toBe("to 2: 1 (0, 0x0) in round 1, LOOKING");
});

test("no vote unseats a leader or a follower in service", () => {
  const mad = { leader: 2, zxid: z(9, 9), epoch: 9, round: Number(2n ** 62n) };
  const leader = activeLeader().vote(2, mad);
  expect(leader.peer.isServing).toBe(true);
  expect(leader.votes).toEqual(["to 2: 3 (1, 0x0) in round 1, LEADING"]);
  expect(activeFollower(1).vote(2, mad).peer.isServing).toBe(true);
});

test("a vote for a server that has no vote itself is ignored", () => {
  const peer = new ScriptedPeer({ observers: [9] });
  peer.vote(2, { leader: 9, epoch: 9 }).vote(3, { leader: 9, epoch: 9 });
  expect(peer.wait(300).peer.role).toBe("looking");
});

test("a vote of a server without a right to vote counts for nothing", () => {
  const peer = new ScriptedPeer({ observers: [9] });
  peer.vote(9, { leader: 1 });
  expect(peer.wait(300).peer.role).toBe("looking");
});

test("a latecomer joins the leader that a quorum names, whatever the round", () => {
  const peer = new ScriptedPeer();
  const settled = { leader: 3, epoch: 4, zxid: z(4, 0), round: 17 };
  peer.vote(2, { ...settled, state: PeerState.following });
  expect(peer.events).toEqual([]);
  peer.vote(3, { ...settled, state: PeerState.leading });
  expect(peer.dials).toEqual(["3 as 1"]);
});

test("a latecomer does not join a leader that does not say itself that it leads", () => {
  const peer = new ScriptedPeer({ voters: [1, 2, 3, 4, 5] });
  const settled = { leader: 3, epoch: 4, round: 17, state: PeerState.following };
  peer.vote(2, settled).vote(4, settled).vote(5, settled);
  expect(peer.peer.role).toBe("looking");
});

test("an observer follows whom the voters elect, and is no voter to anybody", () => {
  const peer = new ScriptedPeer({ sid: 9, observers: [9] });
  peer.vote(3, { leader: 3 }).vote(2, { leader: 3 }).wait(210);
  expect(peer.peer.role).toBe("observing");
  expect(peer.dials).toEqual(["3 as 1"]);
});

test("an observer does not answer a vote of an earlier round: voters answer all it says", () => {
  const peer = new ScriptedPeer({ sid: 9, observers: [9] });
  peer.vote(3, { leader: 3, round: 7 });
  expect(peer.vote(2, { leader: 2, round: 3 }).votes).toEqual([]);
});

test("a looking server repeats its vote, at pauses that double", () => {
  const peer = new ScriptedPeer();
  const sentAtMs: number[] = [];
  for (let ms = 10; ms <= 3500; ms += 10) if (peer.wait(10).votes.length > 0) sentAtMs.push(ms);
  const pauses = sentAtMs.map((ms, index) => ms - (sentAtMs[index - 1] ?? 0));
  expect(pauses).toEqual([200, 400, 800, 1600]);
});

test("a server in service answers a looking one with the leader and the epoch in force", () => {
  const leader = activeLeader();
  leader.vote(2, { leader: 2, round: 9 });
  expect(leader.votes).toEqual(["to 2: 3 (1, 0x0) in round 1, LEADING"]);
  const follower = activeFollower(4);
  follower.vote(2, { leader: 2, round: 9 });
  expect(follower.votes[0]).toMatch(/^to 2: 3 \(4, .*FOLLOWING$/);
  expect(follower.vote(2, { leader: 3, state: PeerState.following }).votes).toEqual([]);
});

test("after a role ends, the next vote waits for the disk and claims what the log then holds", () => {
  const peer = activeFollower(1);
  peer.propose(1, z(1, 1)).closed(1);
  // The proposal is on its way to the disk: whether it counts is not known yet.
  expect(peer.events).toEqual(["looking not serving"]);
  expect(peer.delivered).toEqual(["0x100000001"]);
  expect(peer.votes).toEqual([]);
  peer.vote(2, { leader: 2, round: 2 });
  expect(peer.votes).toEqual([]);
  peer.persist();
  expect(peer.votes[0]).toBe("to 2: 1 (1, 0x100000001) in round 2, LOOKING");
});

test("a vote that came while the disk was busy is not lost", () => {
  const peer = activeFollower(1);
  peer.propose(1, z(1, 1)).closed(1);
  const better = { leader: 2, zxid: z(1, 5), epoch: 1, round: 2 };
  peer.vote(2, better).vote(3, better).persist();
  expect(peer.dials).toEqual(["2 as 3"]);
});

test("a proposal that was never logged is not part of the next vote", () => {
  const peer = followerAt(1).persist();
  peer.receive(1, "diff", 0n);
  // Before NEWLEADER, proposals that are not committed are not logged.
  peer.receive(1, "proposal", z(1, 1), entryOf(z(1, 1)).payload);
  expect(peer.disk).toEqual([]);
  peer.closed(1);
  expect(peer.votes[0]).toBe("to 2: 1 (0, 0x0) in round 2, LOOKING");
});
