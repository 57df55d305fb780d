/**
 * The HTTP endpoint for Prometheus: `GET /metrics` in the text format, and nothing else. There is
 * no access control, as in ZooKeeper: `metricsProvider.httpHost` says who can reach it.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../../observe/index.ts";
import { listenOptions } from "../endpoint.ts";

export interface MetricsEndpointOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** The exposition, and the type of its text. */
  readonly scrape: () => Promise<string>;
  readonly contentType: string;
}

/** Connections at a time; one scraper needs one. */
const connectionsMax = 64;

export class MetricsEndpoint {
  readonly #options: MetricsEndpointOptions;
  readonly #server: Server;

  constructor(options: MetricsEndpointOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
    this.#server.maxConnections = connectionsMax;
  }

  /** The port in use once listening. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** Rejects when the port cannot be had. */
  async listen(): Promise<void> {
    const { host, port, logger } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(listenOptions({ host, port }), resolve);
    });
    this.#server.on("error", (error) => {
      logger.warn("Metrics endpoint failed", { error });
    });
    logger.info("Metrics are served", { url: `http://${host}:${this.port}/metrics` });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
    if (url.split("?", 1)[0] !== "/metrics") {
      response.writeHead(404).end();
    } else if (method !== "GET" && method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else {
      const { scrape, contentType, logger } = this.#options;
      scrape().then(
        (text) => {
          response.writeHead(200, { "content-type": contentType }).end(text);
        },
        (error: unknown) => {
          logger.error("Metrics cannot be read", { error });
          response.writeHead(500).end();
        },
      );
    }
  }
}
