/**
 * One request to a member's admin server, on a connection of its own, with a limit on its answer:
 * what is at a pod's address may be anything.
 */
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
  const { method, url, headers = {}, signal } = request;
  try {
    const response = await fetch(`http://${url}`, {
      method,
      // Nothing of ours redirects, and credentials must go nowhere else.
      redirect: "error",
      headers: { ...headers, connection: "close" },
      signal,
    });
    return { status: response.status, body: parseObject(await readBounded(response, url), url) };
  } catch (error) {
    if (error instanceof MemberError) throw error;
    throw new MemberError("unreachable", `No answer from ${url}`, error);
  }
}

async function readBounded(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
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
