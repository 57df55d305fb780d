/**
 * Asks a server one of ZooKeeper's four-letter words over its client port: four ASCII bytes out,
 * plain text back, then the server closes.
 */
import { connect } from "node:net";

const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * Sends `word` to `host:port` and returns the whole answer.
 * @throws Error when the server cannot be reached or does not close within `timeoutMs`.
 */
export function askFourLetterWord(
  host: string,
  port: number,
  word: string,
  timeoutMs = 2_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy(new Error(`No answer to "${word}" from ${host}:${port} in ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once("connect", () => {
      socket.write(word);
    });
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) {
        socket.destroy(new Error(`Answer to "${word}" is longer than ${ANSWER_BYTES_MAX} bytes`));
      }
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}

/** What a server says of itself in `srvr`: its mode, when it serves. */
export type ServerMode = "standalone" | "leader" | "follower" | "observer" | "read-only";

/** Returns the mode in `srvr`'s answer, or undefined when unreachable or not serving. */
export async function askServerMode(host: string, port: number): Promise<ServerMode | undefined> {
  let answer: string;
  try {
    answer = await askFourLetterWord(host, port, "srvr");
  } catch {
    // Not reachable is an ordinary answer here: the server is starting, electing, or dead.
    return undefined;
  }
  return /^Mode: (standalone|leader|follower|observer|read-only)$/m.exec(answer)?.[1] as
    ServerMode | undefined;
}
