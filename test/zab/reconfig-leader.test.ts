/**
 * Reconfigurations at the leader (ZooKeeper 3.9 `Leader.propose`, `tryToCommit`,
 * `getDesignatedLeader`, `isQuorumSynced`). Server 3 leads throughout.
 */
import { describe, expect, it } from "vitest";
import { parseQuorumConfig } from "../../src/wire/index.ts";
import { membershipOf } from "../../src/zab/index.ts";
import {
  activeLeader,
  configText,
  designating,
  electedLeader,
  entryOf,
  int,
  join,
  learnerInfo,
  reconfigEntry,
  z,
} from "./scripted-peer.ts";
import type { ScriptedPeer } from "./scripted-peer.ts";

const first = configText(5n, [1, 2, 3]);

/** A leader in service with followers 1 (link 2) and, after them, `sids` (links 4, 6, …). */
function leaderWith(
  sids: readonly number[],
  observes: readonly number[] = [],
  config = first,
): ScriptedPeer {
  const peer = activeLeader({ config });
  sids.forEach((sid, index) => {
    const link = 4 + 2 * index;
    join(peer, link, sid, { zxid: 0n, observes: observes.includes(sid) });
    peer.receive(link, "ack", z(1, 0));
  });
  return peer;
}

function reconfigure(peer: ScriptedPeer, text: string): ScriptedPeer {
  return peer.step(({ leader }) => {
    leader?.propose(reconfigEntry(leader.nextZxid, text));
  });
}

function problem(peer: ScriptedPeer, text: string): string | undefined {
  return peer.peer.leader?.reconfigProblem(membershipOf(parseQuorumConfig(text)));
}

describe("Leader.reconfigProblem()", () => {
  it("wants a quorum of the next voters connected and synchronised", () => {
    const peer = leaderWith([4]);
    expect(problem(peer, configText(9n, [1, 3, 4]))).toBeUndefined();
    expect(problem(peer, configText(9n, [2, 3, 5]))).toBe("no-quorum");
    join(peer, 6, 5, { zxid: 0n });
    expect(problem(peer, configText(9n, [2, 3, 5]))).toBe("no-quorum");
    peer.receive(6, "ack", z(1, 0));
    expect(problem(peer, configText(9n, [2, 3, 5]))).toBeUndefined();
  });

  it("does not count observers, who acknowledge nothing before they come back", () => {
    const peer = leaderWith([4, 5], [4, 5]);
    expect(problem(peer, configText(9n, [3, 4, 5]))).toBe("no-quorum");
  });

  it("allows one at a time", () => {
    const peer = reconfigure(leaderWith([4]), configText(z(1, 1), [1, 3, 4]));
    expect(problem(peer, configText(9n, [1, 2, 3]))).toBe("in-progress");
  });

  it("refuses more voters than can be counted", () => {
    const many = Array.from({ length: 29 }, (_, index) => index + 10);
    expect(problem(leaderWith([]), configText(9n, many))).toBe("bad-size");
  });

  it("is asked in vain where configurations do not change", () => {
    const peer = activeLeader();
    expect(problem(peer, configText(9n, [1, 2, 3]))).toBe("disabled");
  });
});

describe("a reconfiguration", () => {
  it("and what is proposed after it need a quorum of the old and of the new voters", () => {
    const peer = leaderWith([4, 5]);
    reconfigure(peer, configText(z(1, 1), [3, 4, 5]));
    expect(peer.sent).toEqual(["PROPOSAL 0x100000001 on 2 4 6"]);
    expect(peer.events).toEqual(["config 0x5, 0x100000001 proposed"]);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2)))).persist();
    peer.receive(4, "ack", z(1, 1));
    expect(peer.delivered).toEqual([]);
    peer.receive(2, "ack", z(1, 1));
    expect(peer.delivered).toEqual(["0x100000001"]);
  });

  it("once committed leaves what was proposed after it to the new voters", () => {
    const peer = leaderWith([4, 5]);
    reconfigure(peer, configText(z(1, 1), [3, 4, 5]));
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2)))).persist();
    peer.receive(4, "ack", z(1, 1)).receive(4, "ack", z(1, 2));
    expect(peer.delivered).toEqual([]);
    peer.receive(2, "ack", z(1, 1));
    expect(peer.delivered).toEqual(["0x100000001", "0x100000002"]);
  });

  it("leaves what was proposed before it to the old voters", () => {
    const peer = leaderWith([4, 5]);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 1))));
    reconfigure(peer, configText(z(1, 2), [3, 4, 5])).persist();
    peer.receive(4, "ack", z(1, 1));
    expect(peer.delivered).toEqual([]);
    peer.receive(2, "ack", z(1, 1));
    expect(peer.delivered).toEqual(["0x100000001"]);
  });
});

describe("a leader after a reconfiguration", () => {
  it("tells followers who leads, observers the transaction as well, and leads on", () => {
    const peer = leaderWith([4], [4]);
    const text = configText(z(1, 1), [1, 2, 3], { observers: [4] });
    const { payload } = reconfigEntry(z(1, 1), text);
    reconfigure(peer, text).persist().receive(2, "ack", z(1, 1));
    expect(peer.sent).toEqual([
      "COMMITANDACTIVATE 0x100000001 on 2",
      "INFORMANDACTIVATE 0x100000001 on 4",
    ]);
    expect(peer.sentData).toEqual([
      designating(3).toString("hex"),
      designating(3, payload).toString("hex"),
    ]);
    expect(peer.events).toEqual(["config 0x100000001"]);
    expect(peer.disk).toEqual(["active-config 0x100000001"]);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2))));
    expect(peer.sent).toEqual(["PROPOSAL 0x100000002 on 2"]);
  });

  it("counts a server as a voter that was none, on the link that it has", () => {
    const peer = leaderWith([2, 4]);
    const text = configText(z(1, 1), [1, 2, 3, 4]);
    reconfigure(peer, text).persist().receive(2, "ack", z(1, 1)).receive(6, "ack", z(1, 1));
    expect(peer.delivered).toEqual(["0x100000001"]);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2)))).persist();
    peer.receive(2, "ack", z(1, 2));
    expect(peer.delivered).toEqual([]);
    peer.receive(6, "ack", z(1, 2));
    expect(peer.delivered).toEqual(["0x100000002"]);
  });

  it("does not count a server that was removed", () => {
    const peer = leaderWith([2]);
    const text = configText(z(1, 1), [2, 3]);
    reconfigure(peer, text).persist().receive(4, "ack", z(1, 1));
    expect(peer.peer.membership.text).toBe(text);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2)))).persist();
    peer.receive(2, "ack", z(1, 2));
    expect(peer.delivered).toEqual([]);
    peer.receive(4, "ack", z(1, 2));
    expect(peer.delivered).toEqual(["0x100000002"]);
  });

  it("gives up when a quorum of either configuration is lost while one is under way", () => {
    const peer = leaderWith([2, 4, 5]);
    reconfigure(peer, configText(z(1, 1), [3, 4, 5]));
    peer.closed(6).closed(8).wait(20).wait(200);
    expect(peer.events).toContain("looking not serving");
  });
});

describe("a leader that is to lead no more", () => {
  it("designates the next voter that acknowledged the most, commits nothing more, and waits", () => {
    const peer = leaderWith([2]);
    reconfigure(peer, configText(z(1, 1), [1, 2]));
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 2)))).persist();
    peer.receive(4, "ack", z(1, 1)).receive(4, "ack", z(1, 2)).receive(2, "ack", z(1, 1));
    expect(peer.sent).toEqual(["COMMITANDACTIVATE 0x100000001 on 2 4"]);
    expect(peer.sentData).toEqual([designating(2).toString("hex")]);
    expect(peer.delivered).toEqual(["0x100000001"]);
    expect(peer.peer.isServing).toBe(true);
    expect(peer.peer.leader).toBeUndefined();
    peer.receive(2, "ack", z(1, 2));
    expect(peer.delivered).toEqual([]);
  });

  it("follows the designated leader without an election once its learners have left", () => {
    const peer = leaderWith([2]);
    reconfigure(peer, configText(z(1, 1), [1, 2])).persist();
    peer.receive(4, "ack", z(1, 1)).receive(2, "ack", z(1, 1)).persist();
    peer.closed(2);
    expect(peer.peer.role).toBe("leading");
    peer.closed(4);
    expect(peer.peer.role).toBe("following");
    expect(peer.dials).toEqual(["1 as 1"]);
  });

  it("does not wait for ever for its learners to leave", () => {
    const peer = leaderWith([2]);
    reconfigure(peer, configText(z(1, 1), [1, 2])).persist();
    peer.receive(4, "ack", z(1, 1)).receive(2, "ack", z(1, 1)).persist();
    peer.wait(1200);
    expect(peer.peer.role).toBe("following");
  });

  it("is one whose quorum address changes", () => {
    const peer = leaderWith([2]);
    const moved = configText(z(1, 1), [1, 2, 3]).replace("zk3:2888", "zk3:2889");
    reconfigure(peer, moved).persist().receive(4, "ack", z(1, 1));
    expect(peer.sentData).toEqual([designating(2).toString("hex")]);
  });
});

describe("a leader with a reconfiguration in its log that may not be committed", () => {
  const lastSeen = configText(z(1, 2), [3, 4, 5]);
  const options = { config: first, lastSeen, log: [z(1, 1), z(1, 2)], currentEpoch: 1 };

  it("needs a quorum of both configurations for its epoch and its history", () => {
    const peer = electedLeader(options);
    peer.wait(300);
    expect(peer.peer.role).toBe("leading");
    peer.accepted(2).receive(2, "followerInfo", z(1, 0), learnerInfo(1));
    expect(peer.disk).toEqual([]);
    peer.accepted(4).receive(4, "followerInfo", z(1, 0), learnerInfo(4));
    expect(peer.disk).toEqual(["accepted-epoch 2"]);
    peer.persist().receive(2, "ackEpoch", z(1, 1), int(1));
    expect(peer.disk).toEqual([]);
    peer.receive(4, "ackEpoch", z(1, 1), int(1));
    expect(peer.disk).toEqual(["current-epoch 2"]);
    peer.persist().receive(2, "ack", z(2, 0));
    expect(peer.peer.isServing).toBe(false);
    peer.receive(4, "ack", z(2, 0));
    expect(peer.peer.isServing).toBe(true);
    expect(peer.peer.membership.text).toBe(lastSeen);
  });

  it("counts those who have a vote by the proposed one only, and come as observers", () => {
    const peer = electedLeader(options).wait(300);
    peer.accepted(2).receive(2, "followerInfo", z(1, 0), learnerInfo(1));
    peer.accepted(4).receive(4, "observerInfo", z(1, 0), learnerInfo(4));
    peer.persist().receive(2, "ackEpoch", z(1, 1), int(1));
    peer.receive(4, "ackEpoch", z(1, 1), int(1)).persist();
    peer.receive(2, "ack", z(2, 0)).receive(4, "ack", z(2, 0));
    expect(peer.peer.isServing).toBe(true);
  });

  it("makes it take force, and leads no more, when it is not of the new voters", () => {
    const others = configText(z(1, 2), [1, 4, 5]);
    const peer = electedLeader({ ...options, lastSeen: others });
    peer.wait(300);
    expect(peer.peer.role).toBe("leading");
    for (const [link, sid] of [
      [2, 1],
      [4, 4],
    ] as const) {
      peer.accepted(link).receive(link, "followerInfo", z(1, 0), learnerInfo(sid));
    }
    peer.persist();
    peer.receive(2, "ackEpoch", z(1, 2), int(1)).receive(4, "ackEpoch", z(1, 2), int(1));
    peer.persist().receive(2, "ack", z(2, 0)).receive(4, "ack", z(2, 0));
    expect(peer.sent).toEqual([
      "UPTODATE 0xffffffffffffffff on 2",
      "UPTODATE 0xffffffffffffffff on 4",
    ]);
    expect(peer.events).toEqual(["config 0x100000002"]);
    peer.persist().closed(2).closed(4);
    expect(peer.events).toContain("looking not serving");
    expect(peer.dials).toEqual([]);
  });
});

describe("a leader that begins", () => {
  it("names a configuration written by hand after its epoch, with NEWLEADER", () => {
    const config = configText(0n, [1, 2, 3]);
    const peer = electedLeader({ config });
    join(peer, 2, 1, { zxid: 0n });
    expect(peer.sent).toEqual(["DIFF 0x0 on 2", "NEWLEADER 0x100000000 on 2"]);
    const named = configText(z(1, 0), [1, 2, 3]);
    expect(peer.sentData[1]).toBe(Buffer.from(named).toString("hex"));
    peer.persist().receive(2, "ack", z(1, 0));
    expect(peer.events).toEqual(["config 0x100000000", "leading serving in 1"]);
    expect(peer.disk).toEqual(["active-config 0x100000000"]);
  });

  it("sends a learner that comes meanwhile only what is in force, with NEWLEADER", () => {
    const peer = leaderWith([4]);
    reconfigure(peer, configText(z(1, 1), [1, 3, 4]));
    join(peer, 6, 2, { zxid: 0n });
    expect(peer.sent).toEqual([
      "DIFF 0x0 on 6",
      "PROPOSAL 0x100000001 on 6",
      "NEWLEADER 0x100000000 on 6",
    ]);
    expect(peer.sentData[2]).toBe(Buffer.from(first).toString("hex"));
  });

  it("refuses a learner whose configuration is newer than any it knows of", () => {
    const peer = leaderWith([]);
    peer.accepted(8).receive(8, "followerInfo", 0n, learnerInfo(2, 6n));
    expect(peer.closes).toEqual([8]);
  });
});

describe("Leader.lagOf()", () => {
  it("says how many transactions a follower has not acknowledged", () => {
    const peer = leaderWith([2]);
    for (const counter of [1, 2, 3]) {
      peer.step(({ leader }) => leader?.propose(entryOf(z(1, counter))));
    }
    peer.receive(4, "ack", z(1, 2));
    const { leader } = peer.peer;
    const lags = [...(leader?.learners() ?? [])].map((learner) => leader?.lagOf(learner));
    expect(lags).toEqual([3, 1]);
  });

  it("goes by the PINGs that an observer has answered", () => {
    const peer = leaderWith([4], [4]);
    peer.step(({ leader }) => leader?.propose(entryOf(z(1, 1)))).persist();
    peer.receive(2, "ack", z(1, 1)).wait(100);
    expect(peer.sent).toContain("PING 0x100000001 on 2 4");
    const observer = [...(peer.peer.leader?.learners() ?? [])].find(({ sid }) => sid === 4n);
    if (observer === undefined) throw new Error("the observer is gone");
    expect(peer.peer.leader?.lagOf(observer)).toBe(1);
    peer.receive(4, "ping", z(1, 1), Buffer.alloc(0));
    expect(peer.peer.leader?.lagOf(observer)).toBe(0);
  });
});
