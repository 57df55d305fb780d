/**
 * Asks a server for its role with the four-letter word `srvr`, over a connection of its own that
 * the server closes after its reply.
 */
import { connect } from "node:net";
import type { MemberRole } from "../plan/index.ts";

const REPLY_BYTES_MAX = 64 * 1024;
const ROLES: readonly MemberRole[] = ["leader", "follower", "observer", "standalone"];

/** Where to ask, and how long to wait for the whole reply. */
export interface SrvrOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** The role that a server reports; `none` when it serves nobody or does not answer in time. */
export async function askRole({ host, port, timeoutMs }: SrvrOptions): Promise<MemberRole> {
  return new Promise((resolve) => {
    let reply = "";
    const socket = connect({ host, port });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseRole(reply));
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

function parseRole(reply: string): MemberRole {
  const mode = /^Mode: (\S+)/mu.exec(reply)?.[1] ?? "";
  return ROLES.find((role) => role === mode) ?? "none";
}
