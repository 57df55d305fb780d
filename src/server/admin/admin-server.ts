/**
 * The admin server: ZooKeeper's commands and our probes over plain HTTP, on a port of its own that
 * is bound to loopback unless the configuration says otherwise. It must never be in the server's
 * way: a port that is taken costs a warning, a request that fails an answer of 500.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import express from "express";
import type { NextFunction, Request, Response } from "express";
import type { Logger } from "../../observe/index.ts";
import type { AdminConfig } from "../config/index.ts";
import { listenOptions } from "../endpoint.ts";
import { peerAddress } from "../socket-address.ts";
import { AdminCommands } from "./admin-commands.ts";
import type { CommandAnswer } from "./admin-commands.ts";
import { formatJson } from "./json-text.ts";
import type { ProbeAnswer, Probes } from "./probes.ts";

export interface AdminServerOptions {
  readonly config: AdminConfig;
  readonly commands: AdminCommands;
  readonly probes: Probes;
  readonly logger: Logger;
}

/** Connections at a time; those who watch a server are few. */
const connectionsMax = 100;
const headersTimeoutMs = 10_000;

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { idleTimeoutMs } = options.config;
    const timeouts = { headersTimeout: headersTimeoutMs, keepAliveTimeout: idleTimeoutMs };
    this.#server = createServer(timeouts, createApp(options));
    this.#server.maxConnections = connectionsMax;
    this.#server.setTimeout(idleTimeoutMs);
  }

  /** The port in use; null when there is none. */
  get port(): number | null {
    return (this.#server.address() as AddressInfo | null)?.port ?? null;
  }

  /** Listens, or logs why that is not possible. */
  async listen(): Promise<void> {
    const { config, logger } = this.#options;
    const where = { address: config.address, port: config.port };
    await new Promise<void>((resolve) => {
      this.#server.once("error", (error) => {
        logger.warn("The admin server cannot listen; the server goes on without it", {
          ...where,
          reason: error.message,
        });
        resolve();
      });
      this.#server.listen(listenOptions({ host: config.address, port: config.port }), () => {
        logger.info("Admin server is listening", { ...where, port: this.port });
        resolve();
      });
    });
    this.#server.on("error", (error) => {
      logger.warn("Admin server failed", { ...where, reason: error.message });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function createApp({ config, commands, probes, logger }: AdminServerOptions): express.Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple");
  app.get("/livez", (_request, response) => sendProbe(response, probes.livez()));
  app.get("/readyz", (_request, response) => sendProbe(response, probes.readyz()));
  app.get("/startupz", (_request, response) => sendProbe(response, probes.startupz()));
  const router = express.Router();
  router.get("/", (_request, response) => {
    const links = commands.names.map(
      (name) => `<a href="${config.commandUrl}/${name}">${name}</a>\n<br/>\n`,
    );
    response.type("html").send(links.join(""));
  });
  const run = async (request: Request, response: Response): Promise<void> => {
    const name = request.path === "/" ? "" : decodeURIComponent(request.path.slice(1));
    const methods = commands.methodsOf(name);
    if (!methods.some((method) => method === request.method)) {
      response.status(405).set("Allow", methods.join(", "));
      sendJson(response, { command: name, error: `The command is run by ${methods.join(", ")}` });
      return;
    }
    const answer = await commands.run({
      name,
      parameters: parametersOf(request),
      authorization: request.headers.authorization,
      remoteAddress: peerAddress(request.socket),
    });
    await send(response, answer);
  };
  router.get("/*name", run);
  router.post("/*name", run);
  router.use((_request, response) => {
    response.status(405).set("Allow", "GET, POST").end();
  });
  app.use(config.commandUrl, router);
  app.use((_request, response) => {
    response.status(404);
    sendJson(response, { error: `Not found; the commands are below ${config.commandUrl}` });
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: IncomingMessage, response: Response, _next: NextFunction) => {
    // A path that cannot be decoded, and the like, is the caller's mistake.
    const statusCode = error instanceof URIError ? 400 : 500;
    if (statusCode === 500) logger.warn("Admin request failed", { url: request.url, error });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(statusCode);
    sendJson(response, { error: statusCode === 400 ? "Bad request" : "Internal error" });
  });
  return app;
}

function parametersOf(request: Request): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.originalUrl.split("?")[1])) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

function sendProbe(response: Response, answer: ProbeAnswer): void {
  response.status(answer.status === "ok" ? 200 : 503).set("Cache-Control", "no-store");
  sendJson(response, answer);
}

async function send(response: Response, answer: CommandAnswer): Promise<void> {
  response.status(answer.statusCode).set(answer.headers);
  if (answer.file === undefined) {
    sendJson(response, answer.data);
    return;
  }
  response.type("application/octet-stream").set("Content-Length", answer.headers["snapshot_size"]);
  try {
    await pipeline(answer.file.createReadStream(), response);
  } finally {
    await answer.file.close();
  }
}

function sendJson(response: Response, value: unknown): void {
  response.type("application/json").send(formatJson(value));
}
