/** Defects of the disk: what is durable when, and what recovery makes of it. */
import {
  losingLeaders,
  lostDisks,
  powerCuts,
  restless,
  rottenDisks,
  rottenLogs,
} from "./circumstances.ts";
import type { Mutation } from "./mutation.ts";

const replica = "src/server/replica.ts";
const replacement = "src/server/state-replacement.ts";

export const storageMutations: readonly Mutation[] = [
  {
    name: "no-sync",
    defect: "writes of the log are called durable before they are",
    seenIn: "own rule: acknowledged means durable",
    override: powerCuts,
    edits: [
      {
        file: "src/storage/node-files.ts",
        find: "(writesCanSync ? O_DSYNC : 0)",
        replace: "0",
      },
    ],
  },
  {
    name: "name-not-synced",
    defect: "a new log file's name is not made durable",
    seenIn: "OSDI '14, Pillai et al.",
    override: powerCuts,
    edits: [
      {
        file: "src/storage/log-file-writer.ts",
        find: "    await folder.sync();\n",
        replace: "",
      },
    ],
  },
  {
    name: "rename-before-sync",
    defect: "a snapshot or epoch file is renamed before its bytes are synced",
    seenIn: "OSDI '14, Pillai et al.",
    override: powerCuts,
    edits: [{ file: "src/storage/folder.ts", find: "    await opened.sync();\n", replace: "" }],
  },
  {
    name: "initialize-comes-back",
    defect: "the file that lets an empty disk vote comes back with a loss of power",
    seenIn: "decision 0008",
    override: lostDisks,
    edits: [
      {
        file: "src/server/start-server.ts",
        find: "await dataFolder.removeInOrder([initialiseName])",
        replace: "await dataFolder.remove(initialiseName)",
      },
    ],
  },
  {
    name: "tail-in-tree",
    defect: "after a cut the tree keeps what was cut off the log",
    seenIn: "ZOOKEEPER-3023, 2845",
    override: restless,
    edits: [
      {
        file: replacement,
        find: "    return this.#reload();\n  }\n\n  async #install",
        replace:
          "    const { load } = this.#options;\n" +
          "    const { recovered } = await untilSpace(() => loadState(storage, load));\n" +
          "    return recovered.lastZxid;\n  }\n\n  async #install",
      },
    ],
  },
  {
    name: "snapshot-in-memory",
    defect: "a snapshot from the leader is taken into memory and not onto the disk",
    seenIn: "ZOOKEEPER-3642",
    override: restless,
    edits: [
      {
        file: replacement,
        find: "      await untilSpace(() => snapshots.install(receipt));\n",
        replace:
          "      for await (const piece of receipt.pieces()) void [piece, snapshots, untilSpace];\n",
      },
    ],
  },
  {
    name: "undecided-snapshot",
    defect: "a snapshot shows transactions that are not decided",
    seenIn: "decision 0003",
    override: losingLeaders,
    edits: [
      {
        file: replica,
        find: "    if (!this.peer.isServing) this.#snapshots.cancel();\n",
        replace: "",
      },
      {
        file: replica,
        find: "    if (!this.peer.isServing) return;\n    // Wall clocks",
        replace:
          "    this.#snapshots.applied(this.tree, entry.payload.length);\n" +
          "    if (!this.peer.isServing) return;\n    // Wall clocks",
      },
    ],
  },
  {
    name: "damage-as-end",
    defect: "a damaged record is taken as the end of the log, wherever it is",
    seenIn: "decision 0009",
    override: rottenLogs,
    edits: [
      {
        file: "src/storage/log-file-reader.ts",
        find: "if (isTornTail(rest, offset, moreFollows)) return scan(reason);",
        replace: "if (isTornTail(rest, offset, moreFollows) || offset > 0) return scan(reason);",
      },
    ],
  },
  {
    name: "last-damage-as-end",
    defect: "damage to the last record is taken for a torn end",
    seenIn: "this server, found here",
    override: rottenLogs,
    edits: [
      {
        file: "src/storage/log-damage-format.ts",
        find: "if (isWrittenToItsEnd(bytes.subarray(0, missingAt))) return false;",
        replace: "void isWrittenToItsEnd;",
      },
    ],
  },
  {
    name: "log-unchecked",
    defect: "checksums of the log are not looked at",
    seenIn: "own rule: what is read is checked",
    override: rottenDisks,
    edits: [
      {
        file: "src/storage/log-format.ts",
        find: "if (adler32(payload) !== sum) {",
        replace: "if (adler32(payload) !== sum && sum === 1) {",
      },
    ],
  },
  {
    name: "snapshot-unchecked",
    defect: "checksums of snapshots are not looked at",
    seenIn: "own rule: what is read is checked",
    override: rottenDisks,
    edits: [
      {
        file: "src/storage/snapshot-format.ts",
        find: "      bytes.readUInt32BE(at + 4) === expected &&\n",
        replace: "",
      },
    ],
  },
  {
    name: "damaged-disk-votes",
    defect: "a server votes whose damaged history was moved aside",
    seenIn: "decision 0009",
    override: rottenDisks,
    edits: [
      {
        file: "src/server/load-state.ts",
        find: "if (isEmpty && (!options.mayBeginEmpty || storage.isQuarantined)) {",
        replace: "if (isEmpty && !options.mayBeginEmpty && !storage.isQuarantined) {",
      },
      {
        file: "src/server/start-server.ts",
        find: "load.mayBeginEmpty && !storage.isQuarantined",
        replace: "(load.mayBeginEmpty || storage.isQuarantined)",
      },
    ],
  },
];
