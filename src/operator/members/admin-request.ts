/**
 * One request to a member's admin server, on a connection of its own, with a limit on its answer:
 * what is at a pod's address may be anything. Not by `fetch()`, which costs a process some 40 MB.
 */
import { request as sendRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { MemberError } from "./member-error.ts";

/** What is asked for. */
export interface AdminRequest {
  readonly method: "GET" | "POST";
  /** Without scheme: host, port, path and query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What was answered. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Far more than a leader says of the most learners that it can have. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** @throws MemberError `unreachable` or `badAnswer`. */
export async function askAdmin(request: AdminRequest): Promise<AdminAnswer> {
  const { url } = request;
  try {
    const response = await send(request);
    const text = await readBounded(response, url);
    return { status: response.statusCode ?? 0, body: parseObject(text, url) };
  } catch (error) {
    if (error instanceof MemberError) throw error;
    throw new MemberError("unreachable", `No answer from ${url}`, error);
  }
}

/** Follows no redirection: nothing of ours redirects, and credentials must go nowhere else. */
async function send({ method, url, headers, signal }: AdminRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Without an agent the connection is for this request alone.
    sendRequest(`http://${url}`, { method, headers, signal, agent: false })
      .on("response", resolve)
      .on("error", reject)
      .end();
  });
}

async function readBounded(response: IncomingMessage, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) {
      throw new MemberError("badAnswer", `Too long an answer from ${url}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseObject(text: string, url: string): Readonly<Record<string, unknown>> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below: text that is none is as wrong as JSON of another shape.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new MemberError("badAnswer", `Expected a JSON object from ${url}`);
}
