/** Defects of what clients see: sessions, ephemeral nodes, watches, order, numbers. */
import { calm, longWaits, movingClients, restless } from "./circumstances.ts";
import type { Mutation } from "./mutation.ts";

const leaderSessions = "src/server/leader-sessions.ts";
const tracker = "src/tree/session-tracker.ts";

export const sessionMutations: readonly Mutation[] = [
  {
    name: "ephemerals-stay",
    defect: "ephemeral nodes outlive their session",
    seenIn: "ZOOKEEPER-2355",
    edits: [
      {
        file: "src/tree/data-tree.ts",
        find: "    for (const path of txn.paths ?? []) this.#store.delete(path, header.zxid);\n",
        replace: "    void txn;\n",
      },
      {
        file: "src/tree/data-tree.ts",
        find: "    for (const path of this.ephemeralsOf(header.clientId)) this.#store.delete(path, header.zxid);\n",
        replace: "",
      },
    ],
  },
  {
    name: "session-id-again",
    defect: "ids of sessions are counted from the start of the process, and used again",
    seenIn: "ZOOKEEPER-1622",
    override: restless,
    edits: [
      {
        file: "src/server/session-service.ts",
        find: "new SessionIds(options.sid, options.clock.wallMs(), (id) => {",
        replace: "new SessionIds(options.sid, 1, (id) => {\n      if (id !== 0n) return false;",
      },
    ],
  },
  {
    name: "long-lives",
    defect: "the time before a leader served is added to the timeout of every session",
    seenIn: "this server, found here",
    override: longWaits,
    edits: [
      {
        file: "src/server/session-service.ts",
        find: "    this.#clock.resume();\n",
        replace: "",
      },
    ],
  },
  {
    name: "moved-session-writes",
    defect: "a session's writes of an old connection are taken after it has moved",
    seenIn: "own rule: a session is served by one server",
    override: movingClients,
    edits: [
      {
        file: tracker,
        find: "return session.owner === owner ? ErrorCode.ok : ErrorCode.sessionMoved;",
        replace: "return ErrorCode.ok;",
      },
    ],
  },
  {
    name: "silent-reports",
    defect: "signs of life at followers are not taken to the leader",
    seenIn: "own rule: a session lives while its client does",
    override: calm,
    edits: [
      {
        file: leaderSessions,
        find: "      this.#tracker.touch(id, this.#clock.nowMs(), reader.readInt());\n",
        replace: "      void [id, reader.readInt()];\n",
      },
    ],
  },
  {
    name: "read-overtakes-write",
    defect: "a read is answered before an earlier write of its session",
    seenIn: "own rule: a session sees its own writes",
    edits: [
      {
        file: "src/server/client-connection.ts",
        find: "} else if (this.#pending.length > 0) {",
        replace: "} else if (this.#pending.length > 1_000_000) {",
      },
    ],
  },
  {
    name: "watch-lost-on-reconnect",
    defect: "changes that happened while a client was away are not told",
    seenIn: "own rule: a watch outlives its connection",
    override: movingClients,
    edits: [
      {
        file: "src/tree/reads.ts",
        find: "else if (node.mzxid > relativeZxid) tell(",
        replace: "else if (node.mzxid > relativeZxid + 1_000_000n) tell(",
      },
    ],
  },
  {
    name: "late-watches",
    defect: "watches tell after replies that show the change",
    seenIn: "own rule: a watch tells before a read shows",
    edits: [
      {
        file: "src/server/request-processor.ts",
        find: "        this.#watches.trigger(type, path, zxid, acl);\n",
        replace: "        setImmediate(() => this.#watches.trigger(type, path, zxid, acl));\n",
      },
    ],
  },
  {
    name: "sticky-watch",
    defect: "a one-shot watch tells again",
    seenIn: "own rule: a one-shot watch tells once",
    override: movingClients,
    edits: [
      {
        file: "src/tree/watches.ts",
        find: "this.#data.take(path)",
        replace: "this.#data.get(path)",
      },
    ],
  },
  {
    name: "sequence-of-the-present",
    defect: "sequence numbers are those of the applied tree, not of what is proposed",
    seenIn: "own rule: a sequence number is given once",
    edits: [
      {
        file: "src/tree/pending-changes.ts",
        find: "    above.cversion = parentCVersion;\n",
        replace: "",
      },
    ],
  },
  {
    name: "versions-of-the-present",
    defect: "versions are compared with the applied tree, not with what is proposed",
    seenIn: "own rule: setData with a version is a compare-and-set",
    edits: [
      {
        file: "src/tree/pending-changes.ts",
        find: "    if (pending !== undefined) return pending.exists ? pending : undefined;\n",
        replace: "    if (pending?.exists === false) return undefined;\n",
      },
    ],
  },
];
