/**
 * A Kubernetes API server of a few lines: one store for all kinds, lists in pages, watches from a
 * version on and for as long as they ask, server-side apply (field by field at the top level, no
 * ownership), preconditions of deletes and replacements, generations, finalizers, statuses apart,
 * and label selectors if asked for. What it is for are its faults: `next()` lets a test answer a
 * request of a verb in its own way, once. It knows no schemas, but refuses a lease's times without
 * six digits, other claim templates in a StatefulSet, and another size of a claim whose storage
 * class is "rigid".
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  applied,
  differs,
  isFinal,
  isOf,
  isIn,
  isSame,
  keyOf,
  refusalOf,
  targetOf,
  verbOf,
} from "./fake-objects.ts";
import type { Change, Json, Stored, Target, Verb } from "./fake-objects.ts";

export type { Json, Stored } from "./fake-objects.ts";

export interface SeenRequest {
  readonly verb: Verb;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
}

const READS: ReadonlySet<Verb> = new Set(["LIST", "WATCH", "GET"]);

type Responder = (response: ServerResponse, request: SeenRequest) => void;

export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  /** Whether lists and watches are of the labels asked for only. */
  honoursSelectors = false;
  /** Is told of every deletion that a client asks for and that is carried out. */
  onDelete: (plural: string, name: string) => void = () => undefined;
  readonly #server: Server;
  readonly #objects = new Map<string, Stored>();
  readonly #changes: Change[] = [];
  readonly #watches = new Map<ServerResponse, Target>();
  readonly #faults = new Map<Verb, Responder[]>();
  #version = 100;
  #forgottenVersion = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The newest version of anything. */
  get version(): string {
    return String(this.#version);
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** How many requests were to change something. */
  get writes(): number {
    return this.requests.filter(({ verb }) => !READS.has(verb)).length;
  }

  count(verb: Verb): number {
    return this.requests.filter((request) => request.verb === verb).length;
  }

  last(verb: Verb): SeenRequest {
    const found = this.requests.findLast((request) => request.verb === verb);
    if (found === undefined) throw new Error(`No ${verb} was seen`);
    return found;
  }

  /** Has the next request of a verb answered by `respond`; several wait in order. */
  next(verb: Verb, ...responders: Responder[]): void {
    this.#faults.set(verb, [...(this.#faults.get(verb) ?? []), ...responders]);
  }

  /** Makes or changes an object, as another client would. */
  put(plural: string, name: string, fields: Json = {}, namespace = "default"): void {
    this.#store(plural, namespace, { ...fields, metadata: { name, namespace } });
  }

  /** Makes an object, with metadata of its own. */
  create(plural: string, object: Json & { readonly metadata: Json }): void {
    this.#store(plural, String(object.metadata["namespace"]), object);
  }

  /** All objects of a kind. */
  all(plural: string): Stored[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${plural}/`))
      .map(([, object]) => object);
  }

  get(plural: string, name: string, namespace = "default"): Stored | undefined {
    return this.#objects.get(`${plural}/${namespace}/${name}`);
  }

  /** Changes an object that is there; what is not named stays. */
  patch(plural: string, object: Stored, fields: Json): Stored {
    return this.#store(plural, object.metadata.namespace ?? "", { ...object, ...fields });
  }

  /** Deletes an object as a client would: one with finalizers stays for as long as it has them. */
  delete(plural: string, name: string, namespace = "default"): void {
    const held = this.get(plural, name, namespace);
    if (held === undefined) throw new Error(`There is no ${plural} ${name}`);
    if (isFinal(held)) {
      this.remove(plural, name, namespace);
      return;
    }
    const metadata = { ...held.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    this.#store(plural, namespace, { ...held, metadata });
  }

  remove(plural: string, name: string, namespace = "default"): void {
    const key = `${plural}/${namespace}/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`There is no ${key}`);
    this.#objects.delete(key);
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#record({ collection: plural, type: "DELETED", object: { ...object, metadata } });
  }

  /** Ends all watches cleanly. */
  endWatches(): void {
    for (const response of this.#watches.keys()) response.end();
  }

  /** Resets the connections of all watches. */
  breakWatches(): void {
    for (const response of this.#watches.keys()) response.socket?.resetAndDestroy();
  }

  /** Writes text as it stands to all watches. */
  write(text: string): void {
    for (const response of this.#watches.keys()) response.write(text);
  }

  /** Forgets the history: watches from a version before now are answered with 410. */
  forget(): void {
    this.#changes.length = 0;
    this.#forgottenVersion = this.#version;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(incoming.url ?? "/", "http://fake");
    const target = targetOf(url, this.honoursSelectors);
    const text = Buffer.concat(chunks).toString("utf8");
    const request: SeenRequest = {
      verb: verbOf(incoming.method, url, target),
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: text === "" ? {} : (JSON.parse(text) as Json),
    };
    this.requests.push(request);
    const respond = this.#faults.get(request.verb)?.shift();
    if (respond !== undefined) respond(response, request);
    else this.#answer(response, request, target);
  }

  #answer(response: ServerResponse, request: SeenRequest, target: Target): void {
    const key = `${target.collection}/${target.namespace ?? ""}/${target.name ?? ""}`;
    const held = this.#objects.get(key);
    switch (request.verb) {
      case "LIST": {
        this.#list(response, request, target);
        return;
      }
      case "WATCH": {
        this.#watch(response, request, target);
        return;
      }
      case "GET": {
        if (held === undefined) notFound(response);
        else sendJson(response, 200, held);
        return;
      }
      case "POST":
      case "PUT":
      case "PATCH": {
        this.#write(response, request, { target, held });
        return;
      }
      case "DELETE": {
        if (held === undefined) {
          notFound(response);
          return;
        }
        const wanted = request.body["preconditions"] as Json;
        if (differs(wanted, held)) {
          sendStatus(response, 409, "Conflict");
          return;
        }
        this.onDelete(target.collection, held.metadata.name);
        if (request.body["propagationPolicy"] === "Orphan") {
          // The garbage collector takes it away, as soon as nothing refers to it any more.
          const metadata = { ...held.metadata, finalizers: ["orphan"] };
          this.patch(target.collection, held, { metadata });
        }
        this.delete(target.collection, held.metadata.name, target.namespace);
        sendJson(response, 200, { kind: "Status", status: "Success" });
      }
    }
  }

  #list(response: ServerResponse, request: SeenRequest, target: Target): void {
    const prefix = `${target.collection}/`;
    const all = [...this.#objects].filter(
      ([key, object]) => key.startsWith(prefix) && isIn(target, object),
    );
    const from = Number(request.query.get("continue") ?? 0);
    const to = from + Number(request.query.get("limit") ?? all.length);
    const metadata = {
      resourceVersion: String(this.#version),
      ...(to < all.length ? { continue: String(to) } : {}),
    };
    const items = all.slice(from, to).map(([, object]) => object);
    sendJson(response, 200, { kind: "List", metadata, items: items.length === 0 ? null : items });
  }

  #watch(response: ServerResponse, request: SeenRequest, target: Target): void {
    const from = Number(request.query.get("resourceVersion"));
    if (from < this.#forgottenVersion) {
      sendStatus(response, 410, "Expired");
      return;
    }
    response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
    this.#watches.set(response, target);
    const lifeSeconds = Number(request.query.get("timeoutSeconds") ?? 300);
    const end = setTimeout(() => response.end(), lifeSeconds * 1000).unref();
    response.on("close", () => {
      clearTimeout(end);
      this.#watches.delete(response);
    });
    for (const change of this.#changes) {
      if (change.version > from && isOf(target, change)) writeEvent(response, change);
    }
  }

  #write(
    response: ServerResponse,
    request: SeenRequest,
    { target, held }: { target: Target; held: Stored | undefined },
  ): void {
    const manifest = request.body as Stored;
    const isApply = request.verb === "PATCH";
    if (isApply && request.headers["content-type"] !== "application/apply-patch+yaml") {
      sendStatus(response, 415, "UnsupportedMediaType");
      return;
    }
    if (request.verb === "POST" && this.#objects.has(keyOf(target, manifest))) {
      sendStatus(response, 409, "AlreadyExists");
      return;
    }
    if (request.verb === "PUT" && held === undefined) {
      notFound(response);
      return;
    }
    const { uid, resourceVersion } = manifest.metadata as Json;
    if (differs({ uid, resourceVersion }, held)) {
      sendStatus(response, 409, "Conflict");
      return;
    }
    const isStatus = target.subresource === "status" && held !== undefined;
    const object = isStatus
      ? { ...held, status: manifest["status"] }
      : isApply
        ? applied(held, manifest)
        : manifest;
    const refusal = isStatus ? null : refusalOf(target.collection, held, object);
    if (refusal !== null) {
      sendStatus(response, ...refusal);
      return;
    }
    const stored = this.#store(target.collection, target.namespace ?? "", object);
    sendJson(response, 200, stored);
    if (stored.metadata["deletionTimestamp"] === undefined || !isFinal(stored)) return;
    this.remove(target.collection, stored.metadata.name, target.namespace);
  }

  #store(collection: string, namespace: string, object: Json): Stored {
    const given = object["metadata"] as { name: string } & Json;
    const key = `${collection}/${namespace}/${given.name}`;
    const held = this.#objects.get(key);
    const before = held?.metadata["generation"] as number | undefined;
    const isSameSpec = JSON.stringify(held?.["spec"]) === JSON.stringify(object["spec"]);
    const generation = isSameSpec ? (before ?? 1) : (before ?? 0) + 1;
    // A write that changes nothing makes no new version.
    if (held !== undefined && isSame(held, { ...object, metadata: { ...given, generation } })) {
      return held;
    }
    this.#version += 1;
    const uid = held?.metadata.uid ?? `uid-${this.#version}`;
    const metadata = { ...given, uid, generation, resourceVersion: String(this.#version) };
    const stored: Stored = { ...object, metadata };
    this.#objects.set(key, stored);
    this.#record({ collection, type: held === undefined ? "ADDED" : "MODIFIED", object: stored });
    return stored;
  }

  #record(event: Omit<Change, "version">): void {
    const change = { ...event, version: this.#version };
    this.#changes.push(change);
    for (const [response, target] of this.#watches) {
      if (isOf(target, change)) writeEvent(response, change);
    }
  }
}

/** An answer that ends a request with a `Status` object. */
export function sendStatus(response: ServerResponse, code: number, reason: string): void {
  sendJson(response, code, { kind: "Status", code, reason, message: `it is ${reason}` });
}

export function sendJson(response: ServerResponse, code: number, value: Json): void {
  response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function notFound(response: ServerResponse): void {
  sendStatus(response, 404, "NotFound");
}

function writeEvent(response: ServerResponse, { type, object }: Change): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}
