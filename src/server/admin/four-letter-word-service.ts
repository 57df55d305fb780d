/**
 * Takes four-letter words on the client port: says whether four bytes are one, whether it may be
 * asked (`4lw.commands.whitelist`), and sends the answer before it closes the connection. A long
 * answer goes out in pieces at the client's pace, within limits on its size and time.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Socket } from "node:net";
import type { Logger } from "../../observe/index.ts";
import type { ClientConnection } from "../client-connection.ts";
import { FOUR_LETTER_WORDS } from "../config/index.ts";
import type { WordOutcome } from "../framed-socket.ts";
import { answerFourLetterWord } from "./four-letter-words.ts";
import type { WordAnswer } from "./four-letter-words.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { TraceMask } from "./trace-mask.ts";

/** What a telnet client sends when its user interrupts it. */
const telnetClose = "\xff\xf4\xff\xfd";
const traceMaskBytes = 8;

/** Characters of an answer that are gathered before they are sent. */
const pieceLength = 64 * 1024;
/** Limits of one answer: a client that takes longer is cut off. */
const answerLengthMax = 16 * 1024 * 1024;
const answerTimeMaxMs = 10_000;
/** Answers in pieces that may be on their way at the same time. */
const longAnswersMax = 4;

export class FourLetterWordService {
  readonly #facts: ServerFacts;
  readonly #traceMask: TraceMask;
  readonly #logger: Logger;
  #longAnswers = 0;

  constructor(facts: ServerFacts, traceMask: TraceMask, logger: Logger) {
    this.#facts = facts;
    this.#traceMask = traceMask;
    this.#logger = logger;
  }

  /** The first four bytes of a connection, and what has come behind them. */
  answer(connection: ClientConnection, word: string, rest: Buffer): WordOutcome {
    if (word === telnetClose) {
      connection.destroy();
      return "word";
    }
    if (!FOUR_LETTER_WORDS.has(word)) return "frame";
    const isAllowed = this.#facts.config.live.fourLetterWords.has(word);
    if (isAllowed && word === "stmk" && rest.length < traceMaskBytes) return "more";
    // Whoever asks by `echo ruok | nc` has closed its side before the answer is made.
    connection.socket.allowHalfOpen = true;
    connection.activity.received += 1;
    this.#count("received");
    const answer = isAllowed
      ? this.#ask(word, rest)
      : `${word} is not executed because it is not in the whitelist.\n`;
    this.#send(connection.socket, word, answer).catch((error: unknown) => {
      this.#logger.warn("Four-letter word failed", { word, error });
      connection.socket.destroy();
    });
    return "word";
  }

  #ask(word: string, rest: Buffer): WordAnswer {
    this.#logger.debug("Four-letter word", { word });
    if (word !== "stmk") return answerFourLetterWord(word, this.#facts, this.#traceMask);
    this.#traceMask.value = rest.readBigInt64BE(0);
    return String(this.#traceMask.value);
  }

  async #send(socket: Socket, word: string, answer: WordAnswer): Promise<void> {
    if (typeof answer === "string") {
      socket.end(answer);
    } else if (answer instanceof Promise) {
      socket.end(await answer);
    } else if (this.#longAnswers >= longAnswersMax) {
      socket.end(`${word} is not executed because too many are being answered; try again\n`);
    } else {
      this.#longAnswers += 1;
      try {
        await sendInPieces(socket, answer);
      } finally {
        this.#longAnswers -= 1;
      }
    }
    this.#count("sent");
  }

  /** Words are packets, too; nobody counts while the disk is read. */
  #count(what: "received" | "sent"): void {
    const statistics = this.#facts.parts?.clients.statistics;
    if (statistics !== undefined) statistics[what] += 1;
  }
}

/** Sends `text`, and then closes; a turn of the event loop lies between any two pieces. */
async function sendInPieces(socket: Socket, text: Iterable<string>): Promise<void> {
  const giveUp = setTimeout(() => socket.destroy(), answerTimeMaxMs);
  try {
    let [piece, length] = ["", 0];
    for (const part of text) {
      piece += part;
      if (piece.length < pieceLength) continue;
      length += piece.length;
      if (length > answerLengthMax) {
        piece += "\nThe answer is longer than what is sent\n";
        break;
      }
      await write(socket, piece);
      piece = "";
      if (socket.destroyed) return;
    }
    socket.end(piece);
  } finally {
    clearTimeout(giveUp);
  }
}

async function write(socket: Socket, piece: string): Promise<void> {
  if (socket.write(piece)) return nextTurn();
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      socket.off("drain", goOn).off("close", goOn);
      resolve();
    };
    socket.once("drain", goOn).once("close", goOn);
  });
}
