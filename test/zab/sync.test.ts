/**
 * Syncs at the leader, packet by packet: answered when a quorum has answered a PING that was sent
 * after the sync came, and when all that was proposed before it is committed.
 */
import { expect, test } from "vitest";
import { ScriptedPeer, activeLeader, electedLeader, entryOf } from "./scripted-peer.ts";
import { int, join, learnerInfo, z } from "./scripted-peer.ts";

const learnerReport = Buffer.alloc(12);

function propose(peer: ScriptedPeer): ScriptedPeer {
  return peer.step(({ leader }) => leader?.propose(entryOf(leader.nextZxid)));
}

function sync(peer: ScriptedPeer, token: string): ScriptedPeer {
  return peer.step(({ leader }) => leader?.sync(token));
}

function answerPing(peer: ScriptedPeer, link: number): ScriptedPeer {
  return peer.receive(link, "ping", z(1, 0), learnerReport);
}

/** A leader of five in service, with followers 1, 2 and 4 on links 2, 4 and 6. */
function leaderOfFive(): ScriptedPeer {
  const peer = electedLeader({ voters: [1, 2, 3, 4, 5] });
  peer.vote(4, { leader: 3 }).vote(5, { leader: 3 });
  const links = [2, 4, 6];
  for (const [index, link] of links.entries()) {
    peer.accepted(link).receive(link, "followerInfo", 0n, learnerInfo([1, 2, 4][index] ?? 0));
  }
  peer.persist();
  for (const link of links) peer.receive(link, "ackEpoch", 0n, int(0));
  peer.persist();
  for (const link of links) peer.receive(link, "ack", z(1, 0));
  return peer;
}

test("a sync is answered one round trip later, without waiting for a heartbeat", () => {
  const peer = sync(activeLeader(), "a");
  expect(peer.sent).toEqual(["PING 0x100000000 on 2"]);
  expect(peer.syncs).toEqual([]);
  expect(answerPing(peer, 2).syncs).toEqual(["a after 0"]);
});

test("a leader whose followers do not answer never answers a sync", () => {
  const peer = sync(activeLeader(), "a");
  while (peer.peer.role === "leading") expect(peer.wait(10).syncs).toEqual([]);
  expect(peer.events).toContain("looking not serving");
});

test("a leader alone answers a sync at once", () => {
  const peer = new ScriptedPeer({ sid: 3, voters: [3] }).persist().wait(400).persist().persist();
  expect(peer.peer.isServing).toBe(true);
  expect(sync(peer, "a").syncs).toEqual(["a after 0"]);
});

test("the answer to a PING that was sent before the sync came confirms nothing", () => {
  const peer = activeLeader().wait(100);
  expect(peer.sent).toEqual(["PING 0x100000000 on 2"]);
  sync(peer, "a");
  expect(answerPing(peer, 2).syncs).toEqual([]);
  expect(answerPing(peer, 2).syncs).toEqual(["a after 0"]);
});

test("the syncs of one turn share a round, a later one begins its own", () => {
  const peer = activeLeader().step(({ leader }) => {
    leader?.sync("a");
    leader?.syncLearner(2);
    leader?.sync("b");
  });
  expect(peer.sent).toEqual(["PING 0x100000000 on 2"]);
  expect(sync(peer, "c").sent).toEqual(["PING 0x100000000 on 2"]);
  expect(answerPing(peer, 2).syncs).toEqual(["a after 0", "b after 0"]);
  expect(peer.sent).toEqual(["SYNC 0x0 on 2"]);
  expect(answerPing(peer, 2).syncs).toEqual(["c after 0"]);
});

test("a sync waits for the commit of all that was proposed before it", () => {
  const peer = sync(propose(activeLeader()), "a");
  expect(answerPing(peer, 2).syncs).toEqual([]);
  expect(peer.persist().receive(2, "ack", z(1, 1)).syncs).toEqual(["a after 1"]);
});

test("the acknowledgement of what was proposed before the sync confirms nothing", () => {
  const peer = sync(propose(activeLeader()), "a").persist();
  expect(peer.receive(2, "ack", z(1, 1)).delivered).toEqual(["0x100000001"]);
  expect(peer.syncs).toEqual([]);
  expect(answerPing(peer, 2).syncs).toEqual(["a after 0"]);
});

test("a commit of what was proposed after the sync confirms it, and comes behind its answer", () => {
  const peer = sync(propose(activeLeader()), "a");
  propose(peer).persist().receive(2, "ack", z(1, 1));
  expect(peer.delivered).toEqual(["0x100000001"]);
  expect(peer.syncs).toEqual([]);
  expect(peer.receive(2, "ack", z(1, 2)).delivered).toEqual(["0x100000002"]);
  expect(peer.syncs).toEqual(["a after 0"]);
});

test("a learner's sync is answered between the commits before and after it", () => {
  const peer = propose(activeLeader());
  expect(peer.step(({ leader }) => leader?.syncLearner(2)).sent).toEqual(["PING 0x100000001 on 2"]);
  propose(peer).persist().receive(2, "ack", z(1, 2));
  peer.receive(2, "ack", z(1, 1));
  expect(peer.sent).toEqual([
    "COMMIT 0x100000001 on 2",
    "SYNC 0x0 on 2",
    "COMMIT 0x100000002 on 2",
  ]);
});

test("a quorum has to answer: of five voters two besides the leader", () => {
  const peer = sync(leaderOfFive(), "a");
  expect(answerPing(peer, 2).syncs).toEqual([]);
  expect(answerPing(peer, 6).syncs).toEqual(["a after 0"]);
});

test("an observer's answer does not count", () => {
  const peer = activeLeader({ observers: [9] });
  join(peer, 4, 9, { observes: true }).receive(4, "ack", z(1, 0));
  expect(sync(peer, "a").sent).toEqual(["PING 0x100000000 on 2 4"]);
  expect(answerPing(peer, 4).syncs).toEqual([]);
  expect(answerPing(peer, 2).syncs).toEqual(["a after 0"]);
});

test("a follower that comes into service after the sync counts from its first answer on", () => {
  const peer = sync(activeLeader(), "a");
  join(peer, 4, 2).receive(4, "ack", z(1, 0));
  expect(peer.sent).toEqual(["UPTODATE 0xffffffffffffffff on 4"]);
  expect(peer.syncs).toEqual([]);
  sync(peer, "b");
  expect(peer.sent).toEqual(["PING 0x100000000 on 2 4"]);
  expect(answerPing(peer, 4).syncs).toEqual(["a after 0", "b after 0"]);
});

test("what a lost link had answered does not count for the next one of that server", () => {
  const peer = leaderOfFive();
  sync(peer, "a");
  answerPing(peer, 2);
  peer.closed(2);
  expect(answerPing(peer, 4).syncs).toEqual([]);
});

test("a PING that nobody asked for costs the link", () => {
  const peer = activeLeader();
  expect(answerPing(peer, 2).closes).toEqual([2]);
});
