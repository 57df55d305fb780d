/**
 * Reconfigurations at learners (ZooKeeper 3.9 `Follower.processPacket`, `Observer`, `Learner`'s
 * synchronisation, `QuorumPeer.processReconfig`). Server 1 learns from server 3 on link 1.
 */
import { describe, expect, it } from "vitest";
import {
  ScriptedPeer,
  activeFollower,
  configText,
  designating,
  entryOf,
  followerAt,
  learnerInfo,
  reconfigEntry,
  z,
} from "./scripted-peer.ts";
import type { ScriptedOptions } from "./scripted-peer.ts";

const first = configText(5n, [1, 2, 3]);
const observing = configText(5n, [2, 3], { observers: [1] });

function proposed(peer: ScriptedPeer, zxid: bigint, text: string): ScriptedPeer {
  return peer.receive(1, "proposal", zxid, reconfigEntry(zxid, text).payload);
}

/** Server 1 as an observer of servers 2 and 3, or a server that nobody knows. */
function observer(options: ScriptedOptions): ScriptedPeer {
  const peer = new ScriptedPeer(options).wait(10);
  const settled = { leader: 3, zxid: 0n, epoch: 1, state: 2 } as const;
  peer.vote(3, settled).vote(2, { ...settled, state: 1 });
  return peer.opened(1);
}

describe("a follower", () => {
  it("reckons with a reconfiguration as soon as it is proposed", () => {
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), configText(z(1, 1), [1]));
    expect(peer.events).toEqual(["config 0x5, 0x100000001 proposed"]);
    expect(peer.disk).toEqual(["append 0x100000001"]);
    expect(peer.persist().sent).toEqual(["ACK 0x100000001 on 1"]);
  });

  it("puts it in force with COMMITANDACTIVATE, durably before anything that follows", () => {
    const text = configText(z(1, 1), [1, 2, 3, 4]);
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3));
    expect(peer.delivered).toEqual(["0x100000001"]);
    expect(peer.events).toEqual(["config 0x100000001"]);
    peer.propose(1, z(1, 2));
    expect(peer.disk).toEqual([
      "append 0x100000001",
      "active-config 0x100000001",
      "append 0x100000002",
    ]);
    expect(peer.peer.isServing).toBe(true);
  });

  it("goes to the designated leader without an election", () => {
    const text = configText(z(1, 1), [1, 2]);
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(2));
    expect(peer.closes).toEqual([1]);
    peer.persist();
    expect(peer.events).toEqual(["following not serving"]);
    expect(peer.dials).toEqual(["2 as 3"]);
    expect(peer.votes).toEqual([]);
  });

  it("leads without an election when it is designated", () => {
    const text = configText(z(1, 1), [1, 2]);
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(1)).persist();
    expect(peer.peer.role).toBe("leading");
    peer.accepted(2).receive(2, "followerInfo", z(1, 0), learnerInfo(2, z(1, 1)));
    expect(peer.disk).toEqual(["accepted-epoch 2"]);
  });

  it("forgets the designated leader when it hears of a newer configuration first", () => {
    const text = configText(z(1, 1), [1, 2]);
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(2));
    peer.vote(3, { leader: 3, config: configText(z(1, 2), [1, 3]) }).persist();
    expect(peer.dials).toEqual([]);
    expect(peer.peer.role).toBe("looking");
  });

  it("is elected a leader when the designated one cannot be reached", () => {
    const text = configText(z(1, 1), [1, 2]);
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(2)).persist();
    for (let attempt = 0; attempt < 30; attempt++) {
      const link = 3 + 2 * attempt;
      peer.closed(link).wait(50);
    }
    expect(peer.peer.role).toBe("looking");
  });

  it("comes back as an observer when it becomes one", () => {
    const text = configText(z(1, 1), [2, 3], { observers: [1] });
    const peer = proposed(activeFollower(1, { config: first }), z(1, 1), text);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3)).persist();
    expect(peer.events).toEqual(["observing not serving"]);
    peer.opened(3);
    expect(peer.sent).toEqual(["OBSERVERINFO 0x100000000 on 3"]);
    const history = { currentEpoch: 1, lastZxid: z(1, 1) };
    const info = learnerInfo(1, z(1, 1), { knowsHandOver: true, history });
    expect(peer.sentData).toEqual([info.toString("hex")]);
  });

  it("stays as a follower without a vote when it is removed", () => {
    const peer = proposed(
      activeFollower(1, { config: first }),
      z(1, 1),
      configText(z(1, 1), [2, 3]),
    );
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3));
    expect(peer.peer.isServing).toBe(true);
    expect(peer.peer.role).toBe("following");
  });

  it("ends when what is to be put in force is no reconfiguration, or cannot be read", () => {
    const peer = activeFollower(1, { config: first }).propose(1, z(1, 1));
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3));
    expect(peer.events).toContain("looking not serving");
    const other = proposed(activeFollower(1, { config: first }), z(1, 1), "server.1=nonsense");
    expect(other.events).toContain("looking not serving");
    const truncated = proposed(activeFollower(1, { config: first }), z(1, 1), first);
    truncated.receive(1, "commitAndActivate", z(1, 1), Buffer.alloc(3));
    expect(truncated.events).toContain("looking not serving");
  });

  it("takes it for any transaction where configurations do not change", () => {
    const peer = proposed(activeFollower(1), z(1, 1), configText(z(1, 1), [1]));
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3));
    expect(peer.delivered).toEqual(["0x100000001"]);
    expect(peer.events).toEqual([]);
  });
});

describe("a follower that is synchronised", () => {
  const named = configText(z(1, 0), [1, 2, 3]);

  it("puts in force what came with NEWLEADER only with UPTODATE", () => {
    const peer = followerAt(1, { config: configText(0n, [1, 2, 3]) }).persist();
    peer.receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0), Buffer.from(named)).persist();
    expect(peer.events).toEqual([]);
    peer.receive(1, "upToDate", -1n);
    expect(peer.events).toEqual(["config 0x100000000", "following serving in 1"]);
    expect(peer.disk).toEqual(["active-config 0x100000000"]);
  });

  it("does not put in force what its leader has only proposed", () => {
    const next = configText(z(1, 1), [1, 3]);
    const peer = followerAt(1, { config: first }).persist().receive(1, "diff", 0n);
    proposed(peer, z(1, 1), next);
    peer.receive(1, "newLeader", z(1, 0), Buffer.from(next)).persist();
    peer.receive(1, "upToDate", -1n);
    expect(peer.peer.membership.text).toBe(first);
    expect(peer.peer.lastSeen?.text).toBe(next);
    peer.receive(1, "commitAndActivate", z(1, 1), designating(3));
    expect(peer.peer.membership.text).toBe(next);
  });

  it("takes a reconfiguration that was followed by another for committed", () => {
    const [second, third] = [configText(z(1, 1), [1, 3, 4]), configText(z(1, 2), [1, 4, 5])];
    const peer = followerAt(2, { config: first }).persist().receive(1, "diff", z(1, 2));
    proposed(peer, z(1, 1), second);
    proposed(peer, z(1, 2), third);
    expect(peer.peer.membership.text).toBe(second);
    expect(peer.peer.lastSeen?.text).toBe(third);
  });

  it("looks for a leader when its own has no vote by what came with NEWLEADER", () => {
    const next = configText(z(1, 1), [1, 2]);
    const peer = followerAt(2, { config: first }).persist().receive(1, "diff", z(1, 1));
    proposed(peer, z(1, 1), next).receive(1, "commit", z(1, 1));
    peer.receive(1, "newLeader", z(2, 0), Buffer.from(next)).persist();
    peer.receive(1, "upToDate", -1n).persist();
    expect(peer.peer.membership.text).toBe(next);
    expect(peer.peer.role).toBe("looking");
  });

  it("forgets a reconfiguration that was cut off its log", () => {
    const lastSeen = configText(z(1, 2), [1, 4]);
    const log = [z(1, 1), z(1, 2)];
    const peer = followerAt(2, { config: first, lastSeen, log, currentEpoch: 1 }).persist();
    peer.receive(1, "trunc", z(1, 1)).replaced(z(1, 1), first);
    expect(peer.events).toEqual(["config 0x5"]);
    expect(peer.peer.lastSeen).toBeUndefined();
  });

  it("reckons with the configuration in a snapshot, of which it knows nothing else", () => {
    const next = configText(z(1, 7), [1, 3, 4]);
    const peer = followerAt(2, { config: first }).persist();
    peer.receive(1, "snap", z(1, 9)).replaced(z(1, 9), next);
    expect(peer.events).toEqual(["config 0x5, 0x100000007 proposed"]);
  });
});

describe("an observer", () => {
  it("puts a reconfiguration in force with INFORMANDACTIVATE", () => {
    const peer = observer({ config: observing }).receive(1, "leaderInfo", z(1, 0));
    peer.persist().receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0)).persist();
    peer.receive(1, "upToDate", -1n);
    const text = configText(z(1, 1), [2, 3, 4], { observers: [1] });
    const { payload } = reconfigEntry(z(1, 1), text);
    peer.receive(1, "informAndActivate", z(1, 1), designating(3, payload));
    expect(peer.delivered).toEqual(["0x100000001"]);
    expect(peer.disk).toEqual(["append 0x100000001", "active-config 0x100000001"]);
    expect(peer.peer.isServing).toBe(true);
  });

  it("comes back as a follower when it becomes a voter", () => {
    const peer = observer({ config: observing }).receive(1, "leaderInfo", z(1, 0));
    peer.persist().receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0)).persist();
    peer.receive(1, "upToDate", -1n);
    const { payload } = reconfigEntry(z(1, 1), configText(z(1, 1), [1, 2, 3]));
    peer.receive(1, "informAndActivate", z(1, 1), designating(3, payload)).persist();
    expect(peer.events).toEqual(["following not serving"]);
    peer.opened(3);
    expect(peer.sent).toEqual(["FOLLOWERINFO 0x100000000 on 3"]);
  });

  it("ends at an INFORMANDACTIVATE without a transaction", () => {
    const peer = observer({ config: observing });
    peer.receive(1, "informAndActivate", z(1, 1), designating(3));
    expect(peer.peer.role).toBe("looking");
  });
});

describe("a server that no configuration lists", () => {
  it("follows without a vote", () => {
    const peer = observer({ config: configText(5n, [2, 3, 4]) });
    expect(peer.sent).toEqual(["FOLLOWERINFO 0x0 on 1"]);
    peer.receive(1, "leaderInfo", z(1, 0)).persist();
    peer.receive(1, "diff", 0n).receive(1, "newLeader", z(1, 0)).persist();
    expect(peer.receive(1, "upToDate", -1n).events).toEqual(["following serving in 1"]);
    peer.receive(1, "proposal", z(1, 1), entryOf(z(1, 1)).payload).persist();
    expect(peer.sent).toEqual(["ACK 0x100000001 on 1"]);
  });
});
