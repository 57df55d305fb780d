/**
 * Answers four-letter words on a running server: gathers the server's status, has it formatted,
 * and closes the connection behind the answer.
 */
import type { ClientConnection } from "./client-connection.ts";
import { FOUR_LETTER_WORDS } from "./config/four-letter-words.ts";
import type { ServerConfig } from "./config/index.ts";
import { answerFourLetterWord } from "./four-letter-words.ts";
import type { ServerStatus } from "./four-letter-words.ts";
import type { Replica } from "./replica.ts";
import type { RequestProcessor } from "./request-processor.ts";

/** What `srvr` and `mntr` say of the software; tools read the number in front. */
const versionText = "3.9.5-ensemble, built on 2026-11-21 00:00 UTC";

const modes = { leading: "leader", following: "follower", observing: "observer" } as const;

export class FourLetterWordService {
  readonly #config: ServerConfig;
  readonly #sid: bigint;
  readonly #startedAtMs: number;
  #replica: Replica | undefined;
  #processor: RequestProcessor | undefined;

  constructor(config: ServerConfig, sid: bigint, startedAtMs: number) {
    this.#config = config;
    this.#sid = sid;
    this.#startedAtMs = startedAtMs;
  }

  attach(replica: Replica, processor: RequestProcessor): void {
    this.#replica = replica;
    this.#processor = processor;
  }

  /** False when `word` is none, and so the beginning of a session. */
  answer(connection: ClientConnection, word: string): boolean {
    if (!FOUR_LETTER_WORDS.has(word)) return false;
    connection.socket.end(answerFourLetterWord(word, this.#status()));
    return true;
  }

  #status(): ServerStatus {
    const [replica, processor] = [this.#replica, this.#processor];
    if (replica === undefined || processor === undefined) throw new Error("Not attached yet");
    const { peer, tree } = replica;
    const { role, leader } = peer;
    const learners = leader === undefined ? [] : [...leader.learners()];
    const mode = !replica.isServing || role === "looking" ? null : modes[role];
    return {
      config: this.#config,
      version: versionText,
      sid: this.#sid,
      mode: mode !== null && !this.#config.replicated ? "standalone" : mode,
      statistics: processor.statistics,
      connections: processor.connections,
      lastZxid: tree.lastProcessedZxid,
      nodeCount: tree.nodeCount,
      ephemeralCount: tree.ephemeralCount,
      approximateDataBytes: tree.approximateDataBytes,
      watchCount: processor.watches.watchCount,
      globalSessionCount: tree.globalSessions.size,
      outstandingCount: leader?.outstandingCount ?? 0,
      learnerCount: learners.length,
      syncedFollowerCount: learners.filter(
        (learner) => learner.isVoter && learner.stage === "synced",
      ).length,
      uptimeMs: processor.nowMs() - this.#startedAtMs,
      nowMs: processor.nowMs(),
    };
  }
}
