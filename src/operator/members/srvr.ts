/**
 * The four-letter word `srvr`, over a connection of its own that the server closes after its reply.
 * ZooKeeper's servers answer to it unless they are told not to.
 */
import { connect } from "node:net";

const REPLY_BYTES_MAX = 64 * 1024;

/** Where to ask, and how long to wait for the whole reply. */
export interface SrvrOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** What a server answers; what came of it, if anything, when it does not in time. */
export async function askSrvr({ host, port, timeoutMs }: SrvrOptions): Promise<string> {
  return new Promise((resolve) => {
    let reply = "";
    const socket = connect({ host, port });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(finish, timeoutMs);
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write("srvr"));
    socket.on("data", (chunk: string) => {
      reply += chunk;
      if (reply.length > REPLY_BYTES_MAX) finish();
    });
    socket.on("error", finish);
    socket.on("close", finish);
  });
}

/** The mode that a reply says; empty if it says none. */
export function modeOf(reply: string): string {
  return /^Mode: (\S+)/mu.exec(reply)?.[1] ?? "";
}
