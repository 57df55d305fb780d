/**
 * A leader in service meets a server that has accepted a later epoch than its own
 * (docs/decisions/0010), packet by packet.
 */
import { expect, test } from "vitest";
import { PeerState, encodeLeaderInfo } from "../../src/wire/index.ts";
import { ScriptedPeer, activeLeader, entryOf, int, join, learnerInfo } from "./scripted-peer.ts";
import { z } from "./scripted-peer.ts";

/** A leader in service in epoch 5 of what its follower 1 and it hold, with one more proposed. */
function leaderIn5(options: { observers?: number[] } = {}): ScriptedPeer {
  const peer = activeLeader({ currentEpoch: 4, log: [z(4, 9)], ...options });
  return peer.step(({ leader }) => leader?.propose(entryOf(z(5, 1))));
}

interface Newcomer {
  readonly sid?: number;
  readonly acceptedEpoch?: number;
  readonly currentEpoch: number;
  readonly lastZxid: bigint;
}

function newcomer(peer: ScriptedPeer, link: number, has: Newcomer): ScriptedPeer {
  const { sid = 2, acceptedEpoch = 7, currentEpoch, lastZxid } = has;
  const info = learnerInfo(sid, 0n, { history: { currentEpoch, lastZxid } });
  return peer.accepted(link).receive(link, "followerInfo", z(acceptedEpoch, 0), info);
}

/** Whether the leader goes on without the newcomer, whom it has told its epoch. */
function isKeptOut(peer: ScriptedPeer, link: number): boolean {
  const isServing = peer.peer.isServing && peer.peer.acceptedEpoch === 5;
  return isServing && peer.sent.includes(`LEADERINFO 0x500000000 on ${link}`);
}

test("a leader ends for a voter that promised a later epoch and holds no more than it does", () => {
  for (const history of [
    { currentEpoch: 3, lastZxid: z(3, 100) },
    { currentEpoch: 4, lastZxid: z(4, 9) },
    { currentEpoch: 4, lastZxid: z(4, 10) },
    { currentEpoch: 5, lastZxid: z(5, 1) },
  ]) {
    const peer = newcomer(leaderIn5(), 4, history);
    expect(peer.events).toContain("looking not serving");
    expect(peer.disk).toEqual(["append 0x500000001", "accepted-epoch 7"]);
    // Its promise is on disk before it takes part in the election.
    expect(peer.votes).toEqual([]);
    expect(peer.persist().votes).not.toEqual([]);
  }
});

test("the epoch after a renewal is above the later one, though its server takes no part", () => {
  const peer = newcomer(leaderIn5(), 4, { currentEpoch: 3, lastZxid: z(3, 1) }).persist();
  const own = { leader: 3, zxid: z(5, 1), epoch: 5, round: 2 };
  peer.vote(1, own).wait(210);
  expect(peer.peer.role).toBe("leading");
  join(peer, 6, 1, { zxid: z(5, 1), currentEpoch: 5 });
  expect(peer.peer.currentEpoch).toBe(8);
});

test("a voter whose history is ahead is kept out, and the leader goes on", () => {
  for (const history of [
    { currentEpoch: 6, lastZxid: z(3, 1) },
    { currentEpoch: 7, lastZxid: z(7, 1) },
    { currentEpoch: 5, lastZxid: z(5, 2) },
  ]) {
    const peer = newcomer(leaderIn5(), 4, history);
    expect(isKeptOut(peer, 4)).toBe(true);
    // It is not let in by going on as if it had been.
    expect(peer.receive(4, "ackEpoch", z(5, 0), int(3)).closes).toEqual([4]);
  }
});

test("a history that cannot be is not believed", () => {
  const noZxid = newcomer(leaderIn5(), 4, { currentEpoch: 3, lastZxid: -1n });
  expect(isKeptOut(noZxid, 4)).toBe(true);
  const unlike = newcomer(leaderIn5(), 4, { currentEpoch: 3, lastZxid: z(4, 1) });
  expect(isKeptOut(unlike, 4)).toBe(true);
});

test("a voter of ZooKeeper's does not say what it holds, and is kept out", () => {
  const peer = leaderIn5().accepted(4).receive(4, "followerInfo", z(7, 0), learnerInfo(2));
  expect(isKeptOut(peer, 4)).toBe(true);
});

test("a leader ends for an observer as well, and for a disk that is not whole", () => {
  const info = learnerInfo(9, 0n, { history: { currentEpoch: 4, lastZxid: z(4, 9) } });
  const observer = leaderIn5({ observers: [9] }).accepted(4);
  observer.receive(4, "observerInfo", z(7, 0), info);
  expect(observer.peer.acceptedEpoch).toBe(7);
  const incomplete = leaderIn5().accepted(4);
  incomplete.receive(4, "observerInfo", z(7, 0), learnerInfo(~2));
  expect(incomplete.peer.acceptedEpoch).toBe(7);
});

test("nobody from outside of the membership makes a leader end", () => {
  const peer = activeLeader({ takesJoiners: true, currentEpoch: 4 }).accepted(4);
  const info = learnerInfo(9, 0n, { history: { currentEpoch: 4, lastZxid: z(4, 9) } });
  expect(isKeptOut(peer.receive(4, "observerInfo", z(7, 0), info), 4)).toBe(true);
});

test("an epoch further ahead than elections can have failed is no reason to end", () => {
  const history = { currentEpoch: 3, lastZxid: z(3, 1) };
  const far = newcomer(leaderIn5(), 4, { ...history, acceptedEpoch: 6 + 2 ** 16 });
  expect(isKeptOut(far, 4)).toBe(true);
  const near = newcomer(leaderIn5(), 4, { ...history, acceptedEpoch: 5 + 2 ** 16 });
  expect(near.peer.acceptedEpoch).toBe(5 + 2 ** 16);
});

/** Elects the peer again in the next round, brings it into service, and returns its epoch. */
function serveAgain(peer: ScriptedPeer, round: number): number {
  const { currentEpoch, lastZxid } = peer.persist().peer;
  peer.vote(1, { leader: 3, zxid: lastZxid, epoch: currentEpoch, round }).wait(210);
  const link = round * 100;
  join(peer, link, 1, { zxid: lastZxid, currentEpoch }).persist();
  peer.receive(link, "ack", z(peer.peer.currentEpoch, 0));
  expect(peer.peer.isServing).toBe(true);
  return peer.peer.currentEpoch;
}

test("a server that lies about its epochs again and again ends few leaderships", () => {
  const peer = leaderIn5();
  let ended = 0;
  let epoch = 5;
  const lie = (): boolean => {
    newcomer(peer, 5000 + 2 * ended, { acceptedEpoch: epoch + 1, currentEpoch: 0, lastZxid: 0n });
    return !peer.peer.isServing;
  };
  while (lie()) {
    ended += 1;
    expect(ended).toBeLessThan(20);
    epoch = serveAgain(peer, ended + 1);
  }
  expect(ended).toBe(8);
  expect(epoch).toBe(5 + 2 * 8);
});

test("a server says where its history ends when it joins", () => {
  const peer = new ScriptedPeer({ log: [z(4, 9)], currentEpoch: 5, acceptedEpoch: 7 });
  const settled = { leader: 3, zxid: z(5, 1), epoch: 5, round: 4 };
  peer.vote(3, { ...settled, state: PeerState.leading });
  peer.vote(2, { ...settled, state: PeerState.following }).opened(1);
  const history = { currentEpoch: 5, lastZxid: z(4, 9) };
  const info = learnerInfo(1, 0n, { knowsHandOver: true, history });
  expect(peer.sentData).toEqual([info.toString("hex")]);
});

test("a server whose history is of a later epoch says so until it serves", () => {
  const learner = (currentEpoch: number): ScriptedPeer => {
    const peer = new ScriptedPeer({ log: [z(4, 9)], currentEpoch, acceptedEpoch: 7 });
    const settled = { leader: 3, zxid: z(5, 1), epoch: 5, round: 4 };
    peer.vote(3, { ...settled, state: PeerState.leading });
    peer.vote(2, { ...settled, state: PeerState.following }).opened(1);
    return peer.receive(1, "leaderInfo", z(5, 0), encodeLeaderInfo({}));
  };
  expect(learner(5).peer.rejection).toBeUndefined();
  const later = learner(6);
  expect(later.peer.role).toBe("looking");
  expect(later.peer.rejection?.code).toBe("later-history");
});
