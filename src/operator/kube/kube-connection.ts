/**
 * HTTP to one API server, with the address, certificates and credentials of a KubeAccess. It opens
 * a request and hands out the answer with its body unread; what is in it is the client's business.
 *
 * The TLS files and the token of a service account are read again as they rotate: the token at
 * least every minute, and at once when the server refuses it (401), with one more try.
 */

import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { KubeAccess } from "./kube-access.ts";
import { KubeError } from "./kube-error.ts";
import type { Timers } from "./timers.ts";

const TOKEN_MS_MAX = 60_000;

/** Two missed probes and the connection is known to be dead. */
const KEEP_ALIVE_PROBE_MS = 30_000;

/** One request. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Ends the request, and the body of its answer, with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Is told of each request that was sent and of the status of its answer, `<error>` if there was
 * none. It must not throw.
 */
export type RequestObserver = (host: string, method: string, code: string) => void;

/** The way to one API server; it holds no state but idle connections and the current token. */
export class KubeConnection {
  readonly #config: KubeAccess;
  readonly #timers: Timers;
  readonly #origin: URL;
  readonly #isProxied: boolean;
  readonly #agent: http.Agent;
  readonly #tokenFile: string | undefined;
  readonly #observe: RequestObserver;
  #token: string | undefined;
  #tokenReadMs = 0;

  /** @throws KubeError with UNREACHABLE when the config names no cluster. */
  constructor(config: KubeAccess, timers: Timers, observe: RequestObserver = () => undefined) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) {
      throw new KubeError("UNREACHABLE", "The kubeconfig has no current cluster");
    }
    this.#config = config;
    this.#timers = timers;
    this.#origin = new URL(cluster.server);
    this.#isProxied = cluster.proxyUrl !== undefined;
    const agents = this.#origin.protocol === "http:" ? http : https;
    this.#agent = new agents.Agent({ keepAlive: true });
    this.#tokenFile = tokenFileOf(config);
    this.#observe = observe;
  }

  /**
   * Sends a request and waits for the head of the answer.
   *
   * @throws KubeError with UNREACHABLE or UNAUTHORIZED, or the signal's reason.
   */
  async open(request: KubeRequest): Promise<http.IncomingMessage> {
    const response = await this.#send(request);
    if (response.statusCode !== 401 || this.#tokenFile === undefined) return response;
    response.resume();
    this.#token = undefined;
    return this.#send(request);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #send(request: KubeRequest): Promise<http.IncomingMessage> {
    const options = await this.#options(request);
    const { signal } = request;
    signal.throwIfAborted();
    const base = this.#origin.pathname.replace(/\/$/, "");
    const url = new URL(base + request.path, this.#origin);
    const requester = url.protocol === "http:" ? http : https;
    return new Promise((resolve, reject) => {
      const sent = requester.request(url, options);
      let received: http.IncomingMessage | undefined;
      const abort = (): void => void (received ?? sent).destroy(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      sent.on("socket", (socket) => socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS));
      sent.on("close", () => signal.removeEventListener("abort", abort));
      sent.on("error", (error) => {
        if (received === undefined) this.#observe(url.host, request.method, "<error>");
        reject(KubeError.from(error, `${request.method} ${request.path}`));
      });
      sent.on("response", (response) => {
        received = response;
        this.#observe(url.host, request.method, String(response.statusCode));
        resolve(response);
      });
      sent.end(request.body);
    });
  }

  async #options(request: KubeRequest): Promise<https.RequestOptions> {
    const options: https.RequestOptions = { method: request.method };
    try {
      await this.#config.applyToHTTPSOptions(options);
      const headers: http.OutgoingHttpHeaders = {
        ...(options.headers as http.OutgoingHttpHeaders | undefined),
        Accept: "application/json",
        "User-Agent": "ensemble",
      };
      if (request.contentType !== undefined) headers["Content-Type"] = request.contentType;
      if (request.body !== undefined) headers["Content-Length"] = Buffer.byteLength(request.body);
      if (this.#tokenFile !== undefined) {
        headers["Authorization"] = `Bearer ${await this.#currentToken(this.#tokenFile)}`;
      }
      options.headers = headers;
    } catch (error) {
      throw new KubeError("UNAUTHORIZED", "The credentials of the kubeconfig cannot be used", {
        cause: error,
      });
    }
    // The config's own agent neither keeps connections nor sees certificates that change; it is
    // needed where it knows the way through a proxy.
    if (!this.#isProxied) options.agent = this.#agent;
    return options;
  }

  async #currentToken(file: string): Promise<string> {
    const nowMs = this.#timers.monotonicMs();
    if (this.#token === undefined || nowMs - this.#tokenReadMs >= TOKEN_MS_MAX) {
      this.#token = (await readFile(file, "utf8")).trim();
      this.#tokenReadMs = nowMs;
    }
    return this.#token;
  }
}

/** The file with the token of a service account, as a pod has it. */
function tokenFileOf(config: KubeAccess): string | undefined {
  const provider = config.getCurrentUser()?.authProvider as
    { config?: { tokenFile?: unknown } } | undefined;
  const file = provider?.config?.tokenFile;
  return typeof file === "string" ? file : undefined;
}
