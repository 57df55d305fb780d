/**
 * How a leader hands over, packet by packet: who is asked to hold, what is waited for, what is sent,
 * and what everybody's next vote is.
 */
import { expect, test } from "vitest";
import { PacketType, PeerState, decodeHandOver, encodeHandOver } from "../../src/wire/index.ts";
import { activeFollower, electedLeader, entryOf, int } from "./scripted-peer.ts";
import { join, learnerInfo, z } from "./scripted-peer.ts";
import type { ScriptedOptions, ScriptedPeer } from "./scripted-peer.ts";

const ours = { knowsHandOver: true };

/** Server 3 leads in epoch 1; followers 1 and 2, on links 2 and 4, know what a hand-over is. */
function leaderOfThree(options: ScriptedOptions = {}): ScriptedPeer {
  const peer = electedLeader(options);
  for (const [link, sid] of [
    [2, 1],
    [4, 2],
  ] as const) {
    join(peer, link, sid, ours).persist();
    peer.receive(link, "ack", z(1, 0));
  }
  return peer;
}

function handOver(peer: ScriptedPeer, target?: number): string | undefined {
  let problem: string | undefined;
  peer.step(({ leader }) => {
    problem = leader?.handOver.begin(target === undefined ? undefined : BigInt(target));
  });
  return problem;
}

function propose(peer: ScriptedPeer): ScriptedPeer {
  return peer.step(({ leader }) => leader?.propose(entryOf(leader.nextZxid)));
}

test("handOver() says why not", () => {
  const alone = electedLeader({ observers: [9] });
  join(alone, 2, 1, ours).persist();
  alone.receive(2, "ack", z(1, 0));
  expect(handOver(alone, 3)).toBe("leads-already");
  expect(handOver(alone, 2)).toBe("not-in-sync");
  expect(handOver(alone, 7)).toBe("unknown-server");
  expect(handOver(alone, 9)).toBe("no-voter");
  expect(handOver(alone, 1)).toBeUndefined();
  expect(handOver(alone, 1)).toBe("under-way");
});

test("a leader can be spared where the others in sync are a quorum", () => {
  const canBeSpared = (peer: ScriptedPeer): boolean | undefined => {
    let answer: boolean | undefined;
    peer.step(({ leader }) => (answer = leader?.handOver.canBeSpared));
    return answer;
  };
  const peer = leaderOfThree();
  expect(canBeSpared(peer)).toBe(true);
  peer.closed(4);
  expect(canBeSpared(peer)).toBe(false);
});

test("a leader that hands over waits for what is outstanding, the target, and those who hold", () => {
  const peer = propose(leaderOfThree());
  expect(handOver(peer, 1)).toBeUndefined();
  expect(peer.sent).toEqual(["HOLD 0x0 on 2 4"]);
  peer.persist().receive(4, "ack", z(1, 1)).wait(10);
  peer.receive(2, "hold", -1n).wait(10);
  peer.receive(4, "hold", -1n).wait(10);
  expect(peer.events).toEqual([]);
  peer.receive(2, "ack", z(1, 1)).wait(10);
  expect(peer.sent).toEqual(["HANDOVER 0x100000001 on 2 4"]);
  expect(peer.events).toEqual(["looking not serving after a hand-over"]);
  expect(peer.votes).toEqual([
    "to 1: 1 (1, 0x100000001) in round 2, LOOKING",
    "to 2: 1 (1, 0x100000001) in round 2, LOOKING",
  ]);
});

test("a leader says which learners may have kept clients, and since when, once they have all", () => {
  const peer = electedLeader();
  join(peer, 2, 1, { ...ours, history: { currentEpoch: 0, lastZxid: 0n } }).persist();
  peer.receive(2, "ack", z(1, 0));
  expect(peer.events).toEqual(["leading serving in 1", "keeper-synced"]);
  join(peer, 4, 2, { history: { currentEpoch: 0, lastZxid: 0n } }).persist();
  expect(peer.receive(4, "ack", z(1, 0)).events).toEqual([]);
});

test("requests are taken until their sender holds, and parked from then on", () => {
  const peer = leaderOfThree();
  handOver(peer, 1);
  peer.receive(2, "request", -1n);
  expect(peer.events).toEqual(["packet"]);
  peer.receive(2, "hold", -1n).receive(2, "request", -1n);
  expect(peer.events).toEqual([]);
});

test("a request that comes together with the last HOLD can be proposed", () => {
  const peer = leaderOfThree();
  handOver(peer, 1);
  peer.receive(2, "hold", -1n).step((core) => {
    const packet = { zxid: -1n, data: null, authInfo: null };
    core.receivePacket(4, { ...packet, type: PacketType.request });
    core.receivePacket(4, { ...packet, type: PacketType.hold });
    core.tick(peer.nowMs);
  });
  expect(peer.events).toEqual(["packet"]);
  propose(peer);
  expect(peer.sent).toEqual(["PROPOSAL 0x100000001 on 2 4"]);
  peer.persist().receive(2, "ack", z(1, 1)).wait(10);
  expect(peer.sent).toContain("HANDOVER 0x100000001 on 2 4");
});

test("a hand-over that takes too long is given up: parked requests are taken up, in order", () => {
  const peer = propose(leaderOfThree());
  handOver(peer, 1);
  peer.receive(2, "hold", -1n).receive(4, "hold", -1n);
  peer.receive(2, "request", -1n).receive(4, "revalidate", -1n);
  peer.receive(4, "ack", z(1, 1)).persist().wait(600);
  peer.receive(2, "ping", 0n).receive(4, "ping", 0n).wait(410);
  expect(peer.sent).toContain("RELEASE 0x100000001 on 2 4");
  expect(peer.events).toEqual(["release", "packet", "packet"]);
  expect(peer.peer.leader).toBeDefined();
  expect(handOver(peer, 2)).toBeUndefined();
});

test("a target that joined after the last transaction has it", () => {
  const peer = leaderOfThree();
  propose(peer).persist().receive(4, "ack", z(1, 1)).receive(2, "ack", z(1, 1));
  peer.closed(2);
  join(peer, 6, 1, { ...ours, acceptedEpoch: 1, currentEpoch: 1 });
  peer.receive(6, "ack", z(1, 0));
  expect(handOver(peer, 1)).toBeUndefined();
  peer.receive(6, "hold", -1n).receive(4, "hold", -1n).wait(10);
  expect(peer.sent).toContain("HANDOVER 0x100000001 on 4 6");
});

test("a hand-over is given up when its target goes away", () => {
  const peer = leaderOfThree();
  handOver(peer, 1);
  peer.closed(2).wait(10);
  expect(peer.events).toContain("release");
});

test("who does not answer in time is not waited for", () => {
  const peer = leaderOfThree();
  handOver(peer, 1);
  peer.receive(2, "hold", -1n).wait(500);
  expect(peer.events).toEqual([]);
  peer.wait(10);
  expect(peer.events).toEqual(["looking not serving after a hand-over"]);
});

test("learners that have announced nothing see no packet that they do not know", () => {
  const peer = electedLeader();
  join(peer, 2, 1).persist();
  peer.receive(2, "ack", z(1, 0));
  expect(handOver(peer)).toBeUndefined();
  expect(peer.sent).toEqual([]);
  peer.receive(2, "request", -1n);
  expect(peer.events).toEqual([]);
  peer.wait(10);
  expect(peer.sent).toEqual([]);
  expect(peer.closes).toEqual([2]);
  expect(peer.votes[0]).toMatch(/: 1 \(1, 0x0\)/u);
});

const notice = encodeHandOver({ target: 1n, voters: [1n, 2n, 3n] });
const noticeFor2 = encodeHandOver({ target: 2n, voters: [1n, 2n, 3n] });

test("what was committed with the hand-over is answered before the role ends", () => {
  const peer = activeFollower(1).propose(1, z(1, 1)).persist();
  peer.step((core) => {
    const packet = { zxid: z(1, 1), authInfo: null };
    core.receivePacket(1, { ...packet, type: PacketType.commit, data: null });
    core.receivePacket(1, { ...packet, type: PacketType.handOver, data: noticeFor2 });
  });
  expect(peer.delivered).toEqual(["0x100000001"]);
  expect(peer.peer.isServing).toBe(true);
  peer.step(() => undefined);
  expect(peer.events).toEqual(["looking not serving after a hand-over"]);
  expect(peer.votes[0]).toBe("to 2: 2 (1, 0x100000001) in round 2, LOOKING");
});

test("all who can be expected decide at once; the target leads", () => {
  const peer = activeFollower(1, { sid: 1 }).receive(1, "handOver", 0n, notice);
  const vote = { leader: 1, epoch: 1, round: 2 };
  peer.vote(2, vote).vote(3, vote);
  expect(peer.events).toEqual(["leading not serving"]);
});

test("a vote that came before the packet counts", () => {
  const peer = activeFollower(1, { sid: 1 });
  const vote = { leader: 1, epoch: 1, round: 2 };
  peer.vote(2, vote).vote(3, vote).receive(1, "handOver", 0n, notice);
  expect(peer.peer.role).toBe("leading");
});

test("a server without a vote follows the target at once", () => {
  const peer = activeFollower(1, { sid: 9, observers: [9] });
  if (peer.peer.role === "looking") {
    const settled = { leader: 3, epoch: 1, round: 1 };
    peer.vote(3, { ...settled, state: PeerState.leading });
    peer.vote(2, { ...settled, state: PeerState.following });
    peer.opened(1).receive(1, "leaderInfo", z(1, 0), int(0x10000)).persist();
    peer.receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0)).persist();
    peer.receive(1, "upToDate", -1n);
  }
  peer.receive(1, "handOver", 0n, notice);
  expect(peer.dials).toEqual(["1 as 3"]);
});

test("a server whose history is another one votes as always", () => {
  const peer = activeFollower(1).receive(1, "handOver", z(1, 5), noticeFor2);
  expect(peer.events).toEqual(["looking not serving"]);
  expect(peer.votes[0]).toMatch(/: 1 \(1, 0x0\)/u);
});

test("FOLLOWERINFO of a server of ours announces that it knows how", () => {
  expect(learnerInfo(1).length).toBe(20);
  expect(decodeHandOver(notice)).toEqual({ target: 1n, voters: [1n, 2n, 3n] });
  expect(() => decodeHandOver(notice.subarray(0, 20))).toThrow(/vector/u);
  expect(() => decodeHandOver(null)).toThrow(/no body/u);
});
