/**
 * The verbs of the Kubernetes API that an operator needs, on raw JSON: reads that no cache answers,
 * lists by pages, server-side apply, deletion of exactly the object that was looked at, and
 * watches. A call is tried once (but for one renewal of the token): whether to try again is for the
 * queue and the reflector to decide, which know what else has happened since.
 */

import type { IncomingMessage } from "node:http";
import { jsonLines } from "./json-lines.ts";
import type { KubeConnection, KubeRequest } from "./kube-connection.ts";
import { KubeError, errorOfResponse } from "./kube-error.ts";
import { collectionPath, objectPath, parseObject } from "./kube-object.ts";
import type { KubeObject, Manifest, ObjectName, ResourceType } from "./kube-object.ts";
import type { Timers } from "./timers.ts";

const PAGE_OBJECTS = 500;

/** A list that never ends is a broken server: no cluster holds half a million of our objects. */
const PAGES_MAX = 1000;

const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;

/** Which objects of a type: all of them, where nothing is said. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** All objects of a selection at one moment. */
export interface ObjectList {
  readonly objects: readonly KubeObject[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** How to apply. */
export interface ApplyOptions {
  /** Who owns the fields of the manifest from now on. */
  readonly fieldManager: string;
  /** Takes fields from other owners; without it their presence is a CONFLICT. */
  readonly force?: boolean;
  readonly subresource?: "status" | "scale";
}

/** What the object must still be, and how it goes. */
export interface DeleteOptions {
  readonly uid: string;
  /** Absent only where every change but another identity is welcome. */
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** How to watch. */
export interface WatchOptions {
  readonly resourceVersion: string;
  /** After which the server ends the stream. */
  readonly timeoutSeconds: number;
  /** Silence that ends the stream with TIMEOUT; it must outlast the pause between bookmarks. */
  readonly inactivityMs: number;
  readonly signal: AbortSignal;
  /** Called whenever the server has sent anything. */
  readonly onHeard: () => void;
}

/** One line of a watch, unchecked. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/** A client of one API server. All methods throw `KubeError`. */
export class KubeClient {
  readonly #connection: KubeConnection;
  readonly #timers: Timers;
  readonly #requestTimeoutMs: number;

  /** `requestTimeoutMs` is for a call with its whole answer, or for a watch to begin. */
  constructor(connection: KubeConnection, timers: Timers, requestTimeoutMs = 30_000) {
    this.#connection = connection;
    this.#timers = timers;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** The object as it is now: the API server asks its store, not its cache. */
  async get(type: ResourceType, name: ObjectName): Promise<KubeObject> {
    return parseObject(await this.#call("GET", objectPath(type, name)), type);
  }

  /** All objects of a selection as they are now, read in pages. */
  async list(
    type: ResourceType,
    selection: Selection = {},
    signal?: AbortSignal,
  ): Promise<ObjectList> {
    const query = queryOf(selection);
    query.set("limit", String(PAGE_OBJECTS));
    const objects: KubeObject[] = [];
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const path = `${collectionPath(type, selection.namespace)}?${query.toString()}`;
      const body = parsePage(await this.#call("GET", path, { signal }), path);
      for (const item of body.items) objects.push(parseObject(item, type));
      if (body.next === "") return { objects, resourceVersion: body.resourceVersion };
      query.set("continue", body.next);
    }
    throw new KubeError("BAD_RESPONSE", `The list of ${type.plural} has no end`);
  }

  /**
   * Server-side apply: the object comes to have the fields of `manifest`, is created if there is
   * none, and loses those that the same field manager gave it before and leaves out now. With a uid
   * in its metadata, an object of another identity is a CONFLICT and none is created.
   */
  async apply(type: ResourceType, manifest: Manifest, options: ApplyOptions): Promise<KubeObject> {
    const query = new URLSearchParams({ fieldManager: options.fieldManager });
    if (options.force === true) query.set("force", "true");
    const subresource = options.subresource === undefined ? "" : `/${options.subresource}`;
    const path = `${objectPath(type, manifest.metadata)}${subresource}?${query.toString()}`;
    const body = { contentType: "application/apply-patch+yaml", value: manifest };
    return parseObject(await this.#call("PATCH", path, body), type);
  }

  /** Makes an object that must not exist yet; otherwise ALREADY_EXISTS. */
  async create(type: ResourceType, manifest: Manifest): Promise<KubeObject> {
    const path = collectionPath(type, manifest.metadata.namespace);
    const body = { contentType: "application/json", value: manifest };
    return parseObject(await this.#call("POST", path, body), type);
  }

  /** Writes a whole object back; CONFLICT if its `resourceVersion` is no longer the newest. */
  async replace(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    const body = { contentType: "application/json", value: object };
    return parseObject(await this.#call("PUT", objectPath(type, object.metadata), body), type);
  }

  /** Deletes the very object that the caller has looked at; CONFLICT if it is another by now. */
  async delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    const { uid, resourceVersion, gracePeriodSeconds, propagation } = options;
    const value = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid, resourceVersion },
      gracePeriodSeconds,
      propagationPolicy: propagation,
    };
    await this.#call("DELETE", objectPath(type, name), { contentType: "application/json", value });
  }

  /**
   * The changes of a selection after a version. It ends when the server ends the stream, and throws
   * when the stream breaks or falls silent. In-stream errors are handed out as events.
   */
  async *watch(
    type: ResourceType,
    selection: Selection,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent, void, undefined> {
    const query = queryOf(selection);
    query.set("watch", "true");
    query.set("allowWatchBookmarks", "true");
    query.set("resourceVersion", options.resourceVersion);
    query.set("timeoutSeconds", String(options.timeoutSeconds));
    const path = `${collectionPath(type, selection.namespace)}?${query.toString()}`;
    const deadline = new Deadline(this.#timers, `GET ${path}`, options.signal);
    const { signal } = deadline;
    deadline.set(this.#requestTimeoutMs);
    try {
      const response = await this.#open({ method: "GET", path, signal });
      const heard = (): void => {
        deadline.set(options.inactivityMs);
        options.onHeard();
      };
      heard();
      for await (const line of jsonLines(response, heard)) yield parseEvent(line);
    } catch (error) {
      throw KubeError.from(signal.aborted ? signal.reason : error, `GET ${path}`);
    } finally {
      // Also when the caller leaves the loop: nothing stays open.
      deadline.end();
    }
  }

  /** One call with its whole answer. */
  async #call(
    method: KubeRequest["method"],
    path: string,
    options: CallOptions = {},
  ): Promise<unknown> {
    const call = `${method} ${path}`;
    const deadline = new Deadline(this.#timers, call, options.signal);
    const { signal } = deadline;
    deadline.set(this.#requestTimeoutMs);
    const { contentType, value } = options;
    const content = contentType === undefined ? {} : { contentType, body: JSON.stringify(value) };
    try {
      const response = await this.#open({ method, path, signal, ...content });
      const type = response.headers["content-type"] ?? "nothing";
      const text = await readText(response, call);
      if (!type.startsWith("application/json")) {
        throw new KubeError("BAD_RESPONSE", `${call}: the answer is ${type} instead of JSON`);
      }
      return parseJson(text, call);
    } catch (error) {
      throw KubeError.from(signal.aborted ? signal.reason : error, call);
    } finally {
      deadline.end();
    }
  }

  /** Opens a request; an answer that is not a success becomes the error that it means. */
  async #open(request: KubeRequest): Promise<IncomingMessage> {
    const response = await this.#connection.open(request);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const call = `${request.method} ${request.path}`;
    const text = await readText(response, call);
    throw errorOfResponse(call, status, response.headers["retry-after"], text);
  }
}

/** What a call sends, and what else may end it. */
interface CallOptions {
  readonly contentType?: string;
  readonly value?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A time-out that can be moved, as the signal that it aborts; another signal aborts that too. Not
 * by `AbortSignal.any()`: the other one may live as long as the process, and would hold on to it.
 */
class Deadline {
  readonly #abort = new AbortController();
  readonly #timers: Timers;
  readonly #call: string;
  readonly #other: AbortSignal | undefined;
  readonly #follow = (): void => this.#abort.abort(this.#other?.reason);
  #cancel: () => void = () => undefined;

  constructor(timers: Timers, call: string, other: AbortSignal | undefined) {
    this.#timers = timers;
    this.#call = call;
    this.#other = other;
    if (other?.aborted === true) this.#follow();
    else other?.addEventListener("abort", this.#follow);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From now on, `afterMs` without another call mean that the time is over. */
  set(afterMs: number): void {
    this.#cancel();
    this.#cancel = this.#timers.schedule(afterMs, () => {
      this.#abort.abort(new KubeError("TIMEOUT", `${this.#call}: nothing came for ${afterMs} ms`));
    });
  }

  /** Stops the clock and whatever still runs under the signal. */
  end(): void {
    this.#cancel();
    this.#other?.removeEventListener("abort", this.#follow);
    this.#abort.abort(new KubeError("CANCELLED", `${this.#call}: the caller has left`));
  }
}

function queryOf(selection: Selection): URLSearchParams {
  const query = new URLSearchParams();
  if (selection.labelSelector !== undefined) query.set("labelSelector", selection.labelSelector);
  if (selection.fieldSelector !== undefined) query.set("fieldSelector", selection.fieldSelector);
  return query;
}

function parsePage(value: unknown, path: string) {
  const body = value as {
    items?: unknown;
    metadata?: { resourceVersion?: unknown; continue?: unknown };
  } | null;
  const resourceVersion = body?.metadata?.resourceVersion;
  // A list without items is written as null by servers in Go.
  const items = body?.items ?? [];
  if (!Array.isArray(items) || typeof resourceVersion !== "string" || resourceVersion === "") {
    throw new KubeError("BAD_RESPONSE", `GET ${path}: the answer is no list`);
  }
  const next = body?.metadata?.continue;
  return { items, resourceVersion, next: typeof next === "string" ? next : "" };
}

function parseEvent(line: unknown): WatchEvent {
  const event = line as Partial<WatchEvent> | null;
  if (typeof event?.type === "string") return { type: event.type, object: event.object };
  throw new KubeError("BAD_RESPONSE", "A line of a watch is no event");
}

async function readText(response: IncomingMessage, call: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > RESPONSE_BYTES_MAX) {
      throw new KubeError(
        "BAD_RESPONSE",
        `${call}: the answer exceeds ${RESPONSE_BYTES_MAX} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}

function parseJson(text: string, call: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KubeError("BAD_RESPONSE", `${call}: the answer is not JSON`, { cause: error });
  }
}
