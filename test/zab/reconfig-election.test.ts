/**
 * Elections while configurations change (ZooKeeper 3.9 `FastLeaderElection`: `getVoteTracker`,
 * `validVoter`, and what it does with configurations in notifications). Server 1 is looking.
 */
import { describe, expect, it } from "vitest";
import { PeerState } from "../../src/wire/index.ts";
import { ScriptedPeer, configText, z } from "./scripted-peer.ts";

const first = configText(5n, [1, 2, 3]);

describe("an election with a proposed configuration", () => {
  const lastSeen = configText(z(1, 2), [1, 4, 5]);
  const options = { config: first, lastSeen, log: [z(1, 1), z(1, 2)], currentEpoch: 1 };
  const own = { leader: 1, zxid: z(1, 2), epoch: 1 };

  it("asks the voters of both configurations", () => {
    const peer = new ScriptedPeer(options);
    expect(peer.votes.map((vote) => vote.slice(0, 5))).toEqual([
      "to 2:",
      "to 3:",
      "to 4:",
      "to 5:",
    ]);
  });

  it("is decided by the configuration in force, as the others may not know of the proposed one", () => {
    const peer = new ScriptedPeer(options).vote(4, own).vote(5, own).wait(1000);
    expect(peer.peer.role).toBe("looking");
    peer.vote(3, own).wait(300);
    expect(peer.peer.role).toBe("leading");
  });

  it("hears the voters of the proposed one before it decides: theirs may be in force", () => {
    const next = configText(z(1, 2), [4]);
    const peer = new ScriptedPeer({ ...options, config: configText(5n, [1]), lastSeen: next });
    expect(peer.peer.role).toBe("looking");
    peer.wait(50).vote(4, { leader: 4, zxid: z(1, 2), epoch: 2, config: next });
    expect(peer.peer.membership.text).toBe(next);
    const unanswered = new ScriptedPeer({
      ...options,
      config: configText(5n, [1]),
      lastSeen: next,
    });
    expect(unanswered.wait(300).peer.role).toBe("leading");
  });

  it("lets the voters of the proposed configuration be elected", () => {
    const better = { leader: 5, zxid: z(1, 3), epoch: 1 };
    const peer = new ScriptedPeer(options).vote(5, better).vote(2, better).wait(300);
    expect(peer.peer.role).toBe("following");
  });

  it("elects among the voters in force when one of them cannot know of a new one", () => {
    const peer = new ScriptedPeer(options);
    const another = { leader: 5, zxid: z(1, 2), epoch: 1 };
    // Server 5 has the highest id of equals; servers 2 and 3 have never heard of it.
    peer.vote(5, another).wait(1900);
    expect(peer.votes.at(-1)).toContain("5 (1, 0x100000002)");
    peer.wait(200);
    expect(peer.votes.at(-1)).toContain("1 (1, 0x100000002) in round 2");
    peer.vote(5, { ...another, round: 2 });
    peer.vote(2, { ...own, round: 2 }).wait(300);
    expect(peer.peer.role).toBe("leading");
  });

  it("goes back to all candidates, as a new voter may have more than those in force", () => {
    const better = { leader: 5, zxid: z(1, 3), epoch: 1 };
    const peer = new ScriptedPeer(options).vote(5, better).wait(4100);
    peer
      .vote(5, { ...better, round: 3 })
      .vote(2, { ...better, round: 3 })
      .wait(300);
    expect(peer.peer.role).toBe("following");
  });

  it("counts it no more when it is not newer than what is in force", () => {
    const peer = new ScriptedPeer({ ...options, config: configText(z(1, 2), [1, 2]) });
    expect(peer.votes.map((vote) => vote.slice(0, 5))).toEqual(["to 2:"]);
  });
});

describe("a vote with a newer configuration", () => {
  const newer = configText(7n, [2, 3, 4]);

  it("puts that in force, and the election begins anew under it", () => {
    const peer = new ScriptedPeer({ config: configText(5n, [1, 2]) });
    peer.vote(2, { leader: 2, config: newer });
    expect(peer.events).toEqual(["config 0x7"]);
    expect(peer.disk).toEqual(["active-config 0x7"]);
    peer.persist();
    // Now without a vote: it names nobody.
    expect(peer.votes.map((vote) => vote.slice(0, 5))).toEqual(["to 2:", "to 3:", "to 4:"]);
    const settled = { leader: 4, epoch: 1, config: newer };
    peer.vote(3, { ...settled, state: PeerState.following });
    peer.vote(4, { ...settled, state: PeerState.leading });
    expect(peer.dials).toEqual(["4 as 1"]);
  });

  it("takes the place of one that was proposed before it", () => {
    const lastSeen = configText(6n, [1, 9]);
    const peer = new ScriptedPeer({ config: first, lastSeen }).vote(2, {
      leader: 2,
      config: newer,
    });
    expect(peer.peer.lastSeen).toBeUndefined();
  });

  it("only renames the configuration when the members are the same", () => {
    const config = configText(0n, [1, 2, 3]);
    const own = { leader: 1, config: configText(z(4, 0), [1, 2, 3]) };
    const peer = new ScriptedPeer({ config }).vote(2, own);
    expect(peer.peer.membership.version).toBe(z(4, 0));
    expect(peer.vote(3, own).peer.role).toBe("leading");
  });

  it("is not listened to in a role, or where configurations do not change", () => {
    const own = { leader: 1 };
    const peer = new ScriptedPeer({ config: first }).vote(2, own).vote(3, own);
    peer.vote(4, { leader: 4, config: newer });
    expect(peer.peer.membership.text).toBe(first);
    const fixed = new ScriptedPeer().vote(2, { leader: 1, config: newer });
    expect(fixed.peer.membership.text).toBe("version=0");
  });

  it.each(["nonsense", "version=9", "server.1=a:1:2\nversion=zz"])(
    "counts without %j",
    (config) => {
      const peer = new ScriptedPeer({ config: first }).vote(2, { leader: 1, config });
      expect(peer.peer.membership.text).toBe(first);
      expect(peer.vote(3, { leader: 1 }).peer.role).toBe("leading");
    },
  );
});

describe("an election among groups", () => {
  const lines = ["group.1=1:2:3", "group.2=4:5:6", "weight.6=0"];
  const config = configText(5n, [1, 2, 3, 4, 5, 6], { lines });

  it("wants most of the weight in most of the groups", () => {
    const own = { leader: 5, zxid: z(1, 1), epoch: 1 };
    const peer = new ScriptedPeer({ config });
    peer.vote(2, own).vote(3, own).vote(4, own).wait(1000);
    expect(peer.peer.role).toBe("looking");
    peer.vote(5, own).wait(300);
    expect(peer.peer.role).toBe("following");
  });

  it("never elects a server without weight", () => {
    const peer = new ScriptedPeer({ config }).vote(6, { leader: 6, zxid: z(1, 1), epoch: 1 });
    expect(peer.votes).toEqual([]);
    const lightest = new ScriptedPeer({ config, sid: 6 }).vote(1, { leader: 1 });
    expect(lightest.votes[0]).toBe("to 1: 1 (0, 0x0) in round 1, LOOKING");
  });
});
