/**
 * A few pages of text over HTTP: what probes and Prometheus ask an operator for. Only GET, no
 * parameters, nothing that takes long.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../../observe/index.ts";

/** One answer. */
export interface TextPage {
  readonly status: number;
  /** @default "text/plain; charset=utf-8" */
  readonly contentType?: string;
  readonly text: string;
}

/** The pages by path. */
export type TextPages = Readonly<Record<string, () => TextPage | Promise<TextPage>>>;

/** A slow reader is cut off: these pages are small. */
const REQUEST_MS_MAX = 10_000;

/** A server of text pages. */
export class TextServer {
  readonly #pages: TextPages;
  readonly #logger: Logger;
  readonly #server: Server;

  constructor(pages: TextPages, logger: Logger) {
    this.#pages = pages;
    this.#logger = logger;
    this.#server = createServer({ requestTimeout: REQUEST_MS_MAX }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  /** The port, after `listen()`. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when it listens; rejects with the system's error if it cannot. 0 is any port. */
  async listen(port: number, host?: string): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
  }

  /** Ends it with all its connections. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, contentType, text } = await this.#answer(request);
    response.writeHead(status, {
      "Content-Type": contentType ?? "text/plain; charset=utf-8",
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  async #answer({ method, url = "/" }: IncomingMessage): Promise<TextPage> {
    const [path = "/"] = url.split("?");
    const page = Object.hasOwn(this.#pages, path) ? this.#pages[path] : undefined;
    if (page === undefined) return { status: 404, text: "There is no such page\n" };
    if (method !== "GET" && method !== "HEAD") return { status: 405, text: "Only GET\n" };
    try {
      return await page();
    } catch (error) {
      this.#logger.error("A page could not be made", { path, error });
      return { status: 500, text: "The page could not be made; the log says why\n" };
    }
  }
}

/** A page for probes: 200 if there is no problem, else 503 with a line for each. */
export function probePage(problems: readonly string[]): TextPage {
  if (problems.length === 0) return { status: 200, text: "ok\n" };
  return { status: 503, text: `${problems.join("\n")}\n` };
}
