/** Defects of handing over the leadership: what becomes of clients, requests and sessions. */
import { calmHandOvers, failingHandOvers, handOvers } from "./circumstances.ts";
import type { Mutation } from "./mutation.ts";

const handOver = "src/zab/hand-over.ts";
const sessions = "src/server/session-service.ts";
const processor = "src/server/request-processor.ts";
const hold = "src/server/client-hold.ts";

export const handOverMutations: readonly Mutation[] = [
  {
    name: "moved-untold",
    defect: "servers are not told that a session has left them",
    seenIn: "decision 0007",
    override: handOvers,
    edits: [
      {
        file: sessions,
        find: "    if (before !== owner) this.#host.sessionMoved(sessionId, owner, before);\n",
        replace: "    void before;\n",
      },
    ],
  },
  {
    name: "moved-untold-at-first",
    defect: "only a known former server is told that a session has left it",
    seenIn: "decision 0007",
    override: handOvers,
    edits: [
      {
        file: "src/server/request-router.ts",
        find: "before === undefined ? link !== owner : link === before",
        replace: "link === before",
      },
    ],
  },
  {
    name: "owed-kept",
    defect: "clients to whom an answer is owed are kept as well",
    seenIn: "decision 0007",
    override: failingHandOvers,
    edits: [
      {
        file: hold,
        find: "connection.hasSaidHello && isOwed",
        replace: "connection.hasSaidHello && isOwed && !connection.isOpen",
      },
    ],
  },
  {
    name: "parked-lost",
    defect: "requests that waited for a hand-over are lost when nothing comes of it",
    seenIn: "decision 0007",
    override: failingHandOvers,
    edits: [
      {
        file: handOver,
        find: "      if (this.#learners.get(link) !== undefined)\n",
        replace: "      if (this.#learners.get(link) === undefined)\n",
      },
    ],
  },
  {
    name: "watches-forgotten",
    defect: "the watches of clients that wait for the next leader are forgotten",
    seenIn: "decision 0007",
    override: handOvers,
    edits: [
      {
        file: processor,
        find: "    this.#sessions.suspend();\n    this.#options.audit?.reset();\n",
        replace:
          "    this.#sessions.suspend();\n    this.#options.audit?.reset();\n" +
          "    this.#watches = new WatchTable();\n" +
          "    const { skipAcl, clickHouse } = this.#options.config;\n" +
          "    this.#reads = new ReadService(this.#replica.tree, this.#watches, { skipAcl, clickHouse });\n",
      },
    ],
  },
  {
    name: "old-deadlines",
    defect: "a server that leads again goes by what it knew of sessions before it handed over",
    seenIn: "own rule: a session lives while its client does",
    override: calmHandOvers,
    edits: [
      {
        file: sessions,
        find:
          "    this.#leading = new LeaderSessions(this.#options.tickTimeMs, this.#clock);\n" +
          "    this.#leading.trackAll(sessions);\n",
        replace:
          "    const self = this as unknown as { last?: LeaderSessions };\n" +
          "    self.last ??= new LeaderSessions(this.#options.tickTimeMs, this.#clock);\n" +
          "    const known = self.last;\n" +
          "    known.trackAll(new Map([...sessions].filter(([id]) => !known.has(id))));\n" +
          "    this.#leading = known;\n",
      },
    ],
  },
  {
    name: "taken-while-kept",
    defect: "requests are taken while nobody leads",
    seenIn: "decision 0007",
    override: failingHandOvers,
    edits: [
      {
        file: hold,
        find: '    this.#enter("kept", nowMs);\n',
        replace:
          '    this.#enter("kept", nowMs);\n' +
          "    for (const connection of this.#connections) connection.frames.release(HoldReason.handOver);\n",
      },
    ],
  },
  {
    name: "late-untold",
    defect: "a server that comes late to a new leader is not told which sessions have left it",
    seenIn: "this server, found here",
    override: handOvers,
    edits: [
      {
        file: "src/server/request-router.ts",
        find: "this.#tellWhatLeft(event);",
        replace: "void this.#tellWhatLeft;",
      },
    ],
  },
];
