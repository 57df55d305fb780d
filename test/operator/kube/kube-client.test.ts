/**
 * The client against a fake API server. The rows are those of docs/decisions/0011.
 */

import { getEventListeners } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { KubeError } from "../../../src/operator/kube/index.ts";
import type { Manifest } from "../../../src/operator/kube/index.ts";
import type { KubeErrorCode } from "../../../src/operator/kube/kube-error.ts";
import { sendJson, sendStatus } from "./support/fake-api-server.ts";
import { CONFIG_MAP, REQUEST_TIMEOUT_MS, openFixture } from "./support/fixture.ts";
import type { Fixture } from "./support/fixture.ts";
import { until } from "./support/manual-timers.ts";

const NAME = { namespace: "default", name: "one" };

function manifest(fields: Record<string, unknown>, metadata = {}): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...NAME, ...metadata }, ...fields };
}

let fixture: Fixture | undefined;

afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

async function open(user?: Record<string, unknown>): Promise<Fixture> {
  fixture = await openFixture(user);
  return fixture;
}

async function failureOf(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

test("row 11: get() keeps fields that no library knows", async () => {
  const { server, client } = await open();
  server.put("configmaps", "one", { "x-kubernetes-of-tomorrow": { deep: [1, { er: null }] } });
  const object = await client.get(CONFIG_MAP, NAME);
  expect(object["x-kubernetes-of-tomorrow"]).toEqual({ deep: [1, { er: null }] });
});

test("row 12: apply() says server-side apply, who owns the fields, and force", async () => {
  const { server, client } = await open();
  const sent = manifest({ data: { a: "1" } });
  const object = await client.apply(CONFIG_MAP, sent, { fieldManager: "me", force: true });
  expect(object["data"]).toEqual({ a: "1" });
  const { headers, query, path } = server.last("PATCH");
  expect(headers["content-type"]).toBe("application/apply-patch+yaml");
  expect(query.toString()).toBe("fieldManager=me&force=true");
  expect(path).toBe("/api/v1/namespaces/default/configmaps/one");
});

test("row 12: apply() to the status takes its path", async () => {
  const { server, client } = await open();
  await client.apply(CONFIG_MAP, manifest({ status: {} }), {
    fieldManager: "me",
    subresource: "status",
  });
  expect(server.last("PATCH").path).toBe("/api/v1/namespaces/default/configmaps/one/status");
  expect(server.last("PATCH").query.has("force")).toBe(false);
});

test("apply() with the uid of another object is a CONFLICT", async () => {
  const { server, client } = await open();
  server.put("configmaps", "one");
  const sent = manifest({}, { uid: "old" });
  const error = await failureOf(client.apply(CONFIG_MAP, sent, { fieldManager: "me" }));
  expect(error.code).toBe("CONFLICT");
});

test("delete() deletes only what was looked at, in identity and in version", async () => {
  const { server, client } = await open();
  server.put("configmaps", "one");
  const { uid, resourceVersion } = (await client.get(CONFIG_MAP, NAME)).metadata;
  server.put("configmaps", "one", { data: { changed: "since" } });
  const late = await failureOf(client.delete(CONFIG_MAP, NAME, { uid, resourceVersion }));
  expect(late.code).toBe("CONFLICT");
  const other = await failureOf(client.delete(CONFIG_MAP, NAME, { uid: "another" }));
  expect(other.code).toBe("CONFLICT");
  await client.delete(CONFIG_MAP, NAME, { uid, propagation: "Background" });
  expect(server.last("DELETE").body).toMatchObject({
    preconditions: { uid },
    propagationPolicy: "Background",
  });
  expect((await failureOf(client.get(CONFIG_MAP, NAME))).code).toBe("NOT_FOUND");
});

test("row 20: list() reads page by page", async () => {
  const { server, client } = await open();
  for (let index = 0; index < 1100; index += 1) server.put("configmaps", `map-${index}`);
  const list = await client.list(CONFIG_MAP, { namespace: "default", labelSelector: "app=x" });
  expect(new Set(list.objects.map((object) => object.metadata.name)).size).toBe(1100);
  expect(list.resourceVersion).toBe("1200");
  expect(server.count("LIST")).toBe(3);
  expect(server.last("LIST").query.get("labelSelector")).toBe("app=x");
  expect(list.objects[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
});

test("row 20: list() takes a list without items", async () => {
  const { client } = await open();
  expect((await client.list(CONFIG_MAP)).objects).toEqual([]);
});

const MEANINGS: readonly [number, string, KubeErrorCode, boolean][] = [
  [400, "BadRequest", "INVALID", false],
  [403, "Forbidden", "FORBIDDEN", false],
  [404, "NotFound", "NOT_FOUND", false],
  [409, "Conflict", "CONFLICT", false],
  [409, "AlreadyExists", "ALREADY_EXISTS", false],
  [410, "Expired", "GONE", false],
  [418, "Teapot", "UNEXPECTED_STATUS", false],
  [422, "Invalid", "INVALID", false],
  [429, "TooManyRequests", "TOO_MANY_REQUESTS", true],
  [500, "InternalError", "SERVER_ERROR", true],
  [503, "ServiceUnavailable", "SERVER_ERROR", true],
];

test.each(MEANINGS)("row 19: status %i %s means %s", async (status, reason, code, retriable) => {
  const { server, client } = await open();
  server.next("GET", (response) => sendStatus(response, status, reason));
  const error = await failureOf(client.get(CONFIG_MAP, NAME));
  expect(error).toMatchObject({ code, status, reason, retriable });
});

test("row 19: a proxy's page is no object, whatever its status", async () => {
  const { server, client } = await open();
  server.next(
    "GET",
    (response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<p>hello"),
    (response) => response.writeHead(502, { "Content-Type": "text/html" }).end("<p>sorry"),
    (response) => response.writeHead(200, { "Content-Type": "application/json" }).end("{"),
    (response) => sendJson(response, 200, { kind: "Status", status: "Success" }),
  );
  const codes: string[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    codes.push((await failureOf(client.get(CONFIG_MAP, NAME))).code);
  }
  expect(codes).toEqual(["BAD_RESPONSE", "SERVER_ERROR", "BAD_RESPONSE", "BAD_RESPONSE"]);
});

test("row 1: Retry-After is understood as header and in the Status, and bounded", async () => {
  const { server, client } = await open();
  const details = { retryAfterSeconds: 3 };
  server.next(
    "GET",
    (response) => response.writeHead(429, { "Retry-After": "7" }).end(),
    (response) => sendJson(response, 503, { kind: "Status", code: 503, details }),
    (response) => response.writeHead(429, { "Retry-After": "999999" }).end(),
    (response) => response.writeHead(429, { "Retry-After": "soon" }).end(),
  );
  const waits: unknown[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    waits.push((await failureOf(client.get(CONFIG_MAP, NAME))).retryAfterMs);
  }
  expect(waits).toEqual([7000, 3000, 300_000, undefined]);
});

test("row 3: a call that nobody answers ends in time", async () => {
  const { server, client, timers } = await open();
  server.next("GET", () => undefined);
  const failure = failureOf(client.get(CONFIG_MAP, NAME));
  await until(() => server.count("GET") === 1);
  timers.advance(REQUEST_TIMEOUT_MS);
  expect((await failure).code).toBe("TIMEOUT");
});

test("row 3: a body that stops midway ends the call in time", async () => {
  const { server, client, timers } = await open();
  server.next("GET", (response) => {
    response.writeHead(200, { "Content-Type": "application/json" }).write("{");
  });
  const failure = failureOf(client.get(CONFIG_MAP, NAME));
  await until(() => server.count("GET") === 1);
  timers.advance(REQUEST_TIMEOUT_MS);
  expect((await failure).code).toBe("TIMEOUT");
});

test("calls and watches leave nothing behind at a signal that outlives them", async () => {
  const { server, client } = await open();
  server.put("configmaps", "one");
  const { signal } = new AbortController();
  const { resourceVersion } = await client.list(CONFIG_MAP, {}, signal);
  server.next("LIST", (response) => sendStatus(response, 503, "ServiceUnavailable"));
  await failureOf(client.list(CONFIG_MAP, {}, signal));
  const options = { timeoutSeconds: 300, inactivityMs: 100_000, signal, onHeard: () => undefined };
  server.put("configmaps", "one", { data: { a: "1" } });
  for await (const event of client.watch(CONFIG_MAP, {}, { ...options, resourceVersion })) {
    expect([event.type, getEventListeners(signal, "abort").length]).toEqual(["MODIFIED", 1]);
    break;
  }
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a signal that aborts ends a call with its reason", async () => {
  const { server, client } = await open();
  const abort = new AbortController();
  server.next("LIST", () => abort.abort(new KubeError("CANCELLED", "enough")));
  expect(await failureOf(client.list(CONFIG_MAP, {}, abort.signal))).toMatchObject({
    code: "CANCELLED",
    message: "enough",
  });
  const before = server.requests.length;
  await failureOf(client.list(CONFIG_MAP, {}, abort.signal));
  expect(server.requests.length).toBe(before);
});

test("row 1: a connection that is reset is UNREACHABLE", async () => {
  const { server, client } = await open();
  server.next("GET", (response) => response.socket?.resetAndDestroy());
  expect((await failureOf(client.get(CONFIG_MAP, NAME))).code).toBe("UNREACHABLE");
});

test("row 15: the token's file is read every minute, and at once after a 401", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ensemble-token-"));
  try {
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "first\n");
    const { server, client, timers } = await open({
      authProvider: { name: "tokenFile", config: { tokenFile } },
    });
    const token = (): unknown => server.requests.at(-1)?.headers.authorization;
    await client.list(CONFIG_MAP);
    expect(token()).toBe("Bearer first");
    await writeFile(tokenFile, "second");
    timers.advance(59_999);
    await client.list(CONFIG_MAP);
    expect(token()).toBe("Bearer first");
    timers.advance(1);
    await client.list(CONFIG_MAP);
    expect(token()).toBe("Bearer second");
    await writeFile(tokenFile, "third");
    server.next("LIST", (response) => sendStatus(response, 401, "Unauthorized"));
    await client.list(CONFIG_MAP);
    expect(token()).toBe("Bearer third");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      server.next("LIST", (response) => sendStatus(response, 401, "Unauthorized"));
    }
    expect((await failureOf(client.list(CONFIG_MAP))).code).toBe("UNAUTHORIZED");
    expect(server.count("LIST")).toBe(7);
  } finally {
    await rm(folder, { recursive: true });
  }
});
