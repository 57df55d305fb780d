/** Asks a server's admin port, on loopback by default, and gives each server of a group one of its own. */
import { appendFile } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { findFreePorts } from "./ports.ts";
import type { ServerGroup } from "./server-group.ts";

/** An HTTP answer as it came. */
export interface AdminAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Where to, and what else to send. */
export interface AdminRequest {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Sends one request on a connection of its own. */
export function askAdmin(
  port: number,
  path: string,
  { host = "127.0.0.1", method = "GET", headers = {}, body }: AdminRequest = {},
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, method, headers, agent: false };
    const asked = request({ ...options, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const { statusCode = 0, headers: received } = response;
        resolve({ statusCode, headers: received, body: Buffer.concat(chunks) });
      });
    });
    asked.once("timeout", () =>
      asked.destroy(new Error(`No answer from ${host}:${port} to ${path}`)),
    );
    asked.once("error", reject);
    asked.end(body);
  });
}

/** The JSON that is answered, whatever the status. */
export async function askAdminJson(
  port: number,
  path: string,
  asked?: AdminRequest,
): Promise<Record<string, unknown>> {
  const { body } = await askAdmin(port, path, asked);
  return JSON.parse(body.toString("utf8")) as Record<string, unknown>;
}

/** Switches the admin servers of all members on; returns their ports, by ascending id. */
export async function enableAdminServers(group: ServerGroup): Promise<number[]> {
  const ports = await findFreePorts(group.ids.length);
  for (const [index, { zooCfgPath }] of group.members.entries()) {
    const lines = [
      "admin.enableServer=true",
      "admin.serverAddress=127.0.0.1",
      `admin.serverPort=${ports[index]}`,
    ];
    await appendFile(zooCfgPath, `${lines.join("\n")}\n`);
  }
  return ports;
}
