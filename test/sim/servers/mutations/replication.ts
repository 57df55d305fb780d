/** Defects of the replication core: elections, epochs, synchronisation, commits. */
import { alone, cutOffLeaders, powerCuts, restless } from "./circumstances.ts";
import type { Mutation } from "./mutation.ts";

const follower = "src/zab/follower.ts";
const leader = "src/zab/leader.ts";
const peer = "src/zab/peer.ts";

export const replicationMutations: readonly Mutation[] = [
  {
    name: "double-vote",
    defect: "the first voter counts twice",
    seenIn: "own rule: two quorums meet",
    edits: [
      {
        file: "src/zab/quorum.ts",
        find: "isQuorum: (mask, voterCount) => bitCount(mask) * 2 > voterCount",
        replace: "isQuorum: (mask, voterCount) => (bitCount(mask) + (mask & 1)) * 2 > voterCount",
      },
    ],
  },
  {
    name: "early-commit",
    defect: "a leader commits what one server has on disk",
    seenIn: "own rule: a commit takes a quorum",
    override: cutOffLeaders,
    edits: [
      {
        file: "src/zab/proposals.ts",
        find: 'if (proposal?.voters.isQuorum(proposal.acks, "commit") !== true) return undefined;',
        replace: "if (proposal === undefined || proposal.acks === 0) return undefined;",
      },
    ],
  },
  {
    name: "epoch-before-history",
    defect: "currentEpoch is written before the history of that epoch",
    seenIn: "ZOOKEEPER-4643, 4394",
    override: powerCuts,
    edits: [
      {
        file: follower,
        find: "    this.#progress.begin();\n",
        replace: "    this.#progress.begin();\n    enterEpoch(this.#context, this.epoch);\n",
      },
      {
        file: follower,
        find:
          "      outbox.send(link, PacketType.ack, makeZxid(this.epoch, 0));\n" +
          '    } else if (op.kind === "volume") {',
        replace:
          '      if (this.#phase === "new-leader")\n' +
          "        outbox.send(link, PacketType.ack, makeZxid(this.epoch, 0));\n" +
          '    } else if (op.kind === "volume") {',
      },
    ],
  },
  {
    name: "proposal-acked-before-logged",
    defect: "a proposal is acknowledged when it comes, not when it is on disk",
    seenIn: "ZOOKEEPER-4685, 3911",
    override: powerCuts,
    edits: [
      {
        file: follower,
        find: "    this.#pending.receive({ zxid, payload: data });\n",
        replace:
          "    this.#pending.receive({ zxid, payload: data });\n" +
          '    if (this.#phase === "active" && !this.isObserver)\n' +
          "      this.#context.outbox.send(this.link!, PacketType.ack, zxid);\n",
      },
    ],
  },
  {
    name: "leader-before-quorum",
    defect: "a leader serves before a quorum has its history",
    seenIn: "ZOOKEEPER-3104, 3109",
    override: restless,
    edits: [
      {
        file: "src/zab/new-leader-acks.ts",
        find: '!voters.isQuorum(this.#acks & agreed, "new-leader")',
        replace: "(this.#acks & agreed) === 0",
      },
    ],
  },
  {
    name: "epoch-promised-in-memory",
    defect: "the accepted epoch is told before it is on disk, and never gets there",
    seenIn: "Zab paper, phase 1",
    override: powerCuts,
    edits: [
      {
        file: "src/server/disk-queue.ts",
        find: "await this.#sync(() => this.#storage.saveAcceptedEpoch(op.epoch));",
        replace: "",
      },
    ],
  },
  {
    name: "hole-in-diff",
    defect: "a leader sends a DIFF with a hole, and the learner takes it",
    seenIn: "ZOOKEEPER-4925",
    override: restless,
    edits: [
      {
        file: "src/zab/sync-plan.ts",
        find:
          "  if (!isHere && learnerZxid < history.oldest) return snapshot(last);\n" +
          "  const position = isHere ? learnerZxid : history.before(learnerZxid);\n",
        replace: "  const position = isHere || true ? learnerZxid : undefined;\n",
      },
      {
        file: "src/zab/sync-plan.ts",
        find: "  return learnerZxid >= 0n && learnerZxid < history.oldest &&",
        replace: "  return learnerZxid < -1n && learnerZxid < history.oldest &&",
      },
      {
        file: "src/zab/pending-proposals.ts",
        find: "if (!follows(last, zxid) || payloadZxid(payload) !== zxid) {",
        replace: "if (payloadZxid(payload) !== zxid) {",
      },
      {
        file: "src/zab/history.ts",
        find: 'assert(follows(this.#last, entry.zxid), "a history has no gaps");',
        replace: "",
      },
    ],
  },
  {
    name: "own-copy-counts-early",
    defect: "a leader counts its own copy of a proposal before it is on its disk",
    seenIn: "own rule: acknowledged means durable",
    override: alone,
    edits: [
      {
        file: "src/zab/proposals.ts",
        find: "voters: this.#context.voters, acks: 0 });",
        replace:
          "voters: this.#context.voters, acks: this.#context.voters.bit(this.#context.sid) });",
      },
    ],
  },
  {
    name: "tail-forgotten",
    defect: "what was logged and not decided is forgotten between two roles",
    seenIn: "ZOOKEEPER-2678, 3023",
    override: restless,
    edits: [
      {
        file: peer,
        find: "    for (const entry of undecided) deliver(this.#context, entry);\n",
        replace: "    void undecided;\n",
      },
    ],
  },
  {
    name: "leader-without-followers",
    defect: "a leader that has lost its quorum goes on serving",
    seenIn: "Jepsen 2013",
    override: cutOffLeaders,
    edits: [{ file: leader, find: '      this.#end("No quorum of followers");\n', replace: "" }],
  },
];
