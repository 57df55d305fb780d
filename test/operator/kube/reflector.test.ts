/**
 * The reflector against a fake API server that fails in every way that watches are known to fail in.
 * The rows are those of docs/decisions/0011.
 */

import { afterEach, expect, test } from "vitest";
import type { Logger } from "../../../src/observe/index.ts";
import { nullLogger } from "../../../src/observe/index.ts";
import { Reflector } from "../../../src/operator/kube/index.ts";
import { sendStatus } from "./support/fake-api-server.ts";
import { CONFIG_MAP, REQUEST_TIMEOUT_MS, openFixture } from "./support/fixture.ts";
import type { Fixture } from "./support/fixture.ts";
import { settle, until } from "./support/manual-timers.ts";

/** The silence that a watch puts up with. */
const SILENCE_MS = 150_000;

interface Watched extends Fixture {
  readonly reflector: Reflector;
  readonly keys: string[];
  /** The names of all objects that the reflector knows. */
  known(): string[];
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function prepare(
  onChange: (key: string) => void = () => undefined,
  logger: Logger = nullLogger,
): Promise<Watched> {
  const fixture = await openFixture();
  closers.push(() => fixture.close());
  const keys: string[] = [];
  const reflector = new Reflector(
    { ...fixture.dependencies, logger },
    {
      type: CONFIG_MAP,
      selection: { namespace: "default", labelSelector: "app=ensemble" },
      onChange(key) {
        keys.push(key);
        onChange(key);
      },
    },
  );
  closers.push(() => reflector.stop());
  const known = () => reflector.store.all().map((object) => object.metadata.name);
  return { ...fixture, reflector, keys, known };
}

/** A reflector that watches, with one object in its store. */
async function watching(): Promise<Watched> {
  const watched = await prepare();
  watched.server.put("configmaps", "one");
  watched.reflector.start();
  await until(() => isWatching(watched));
  return watched;
}

/** Whether a watch is open, as both ends see it. */
function isWatching({ server, timers }: Fixture): boolean {
  return server.watches === 1 && timers.delays().includes(SILENCE_MS);
}

/** Waits for the pause before the next attempt, and answers how long it is. */
async function pauseOf({ timers, server }: Watched): Promise<number> {
  await until(() => server.watches === 0 && (timers.delays()[0] ?? Infinity) < REQUEST_TIMEOUT_MS);
  expect(timers.delays().length).toBe(1);
  return timers.delays()[0]!;
}

/** The store follows: the proof that a watch is alive. */
async function expectAlive(watched: Watched): Promise<void> {
  await until(() => isWatching(watched));
  watched.server.put("configmaps", "proof-of-life");
  await until(() => watched.reflector.store.get("default/proof-of-life") !== undefined);
}

test("row 2: hasSynced waits for a list that succeeds", async () => {
  const watched = await prepare();
  const { server, reflector, timers, keys } = watched;
  server.put("configmaps", "one");
  server.next("LIST", (response) => sendStatus(response, 503, "ServiceUnavailable"));
  reflector.start();
  expect(await pauseOf(watched)).toBe(800);
  expect(reflector.hasSynced).toBe(false);
  expect(reflector.silentForMs).toBe(Infinity);
  timers.advance(800);
  await until(() => reflector.hasSynced);
  expect(keys).toEqual(["default/one"]);
  await expectAlive(watched);
});

test.each([401, 403, 404, 429, 500, 503])(
  "row 1: a watch refused with %i comes back",
  async (code) => {
    const watched = await prepare();
    watched.server.next("WATCH", (response) => sendStatus(response, code, "Refused"));
    watched.reflector.start();
    expect(await pauseOf(watched)).toBe(800);
    watched.timers.advance(800);
    await expectAlive(watched);
  },
);

test("row 1: a reset connection goes on from the last version, without a list", async () => {
  const watched = await watching();
  const { server, timers } = watched;
  server.put("configmaps", "two");
  await until(() => watched.known().length === 2);
  server.breakWatches();
  await pauseOf(watched);
  server.put("configmaps", "meanwhile");
  timers.advance(800);
  await until(() => watched.known().length === 3);
  expect(server.last("WATCH").query.get("resourceVersion")).toBe("102");
  expect(server.count("LIST")).toBe(1);
});

test("row 1: pauses double up to 30 s, and begin anew after an event", async () => {
  const watched = await prepare();
  const { server, timers } = watched;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    server.next("LIST", (response) => sendStatus(response, 500, "InternalError"));
  }
  watched.reflector.start();
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    pauses.push(await pauseOf(watched));
    timers.advance(pauses.at(-1)!);
    await until(() => server.count("LIST") === attempt + 2);
  }
  expect(pauses).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  await expectAlive(watched);
  server.breakWatches();
  expect(await pauseOf(watched)).toBe(800);
});

test("row 1: a server's Retry-After is honoured", async () => {
  const watched = await prepare();
  watched.server.next("WATCH", (response) => {
    response.writeHead(429, { "Retry-After": "12" }).end();
  });
  watched.reflector.start();
  expect(await pauseOf(watched)).toBe(12_000);
});

test("row 3: a silent connection ends after 150 s and comes back", async () => {
  const watched = await watching();
  const { server, timers, reflector } = watched;
  timers.advance(149_999);
  await settle();
  expect(server.watches).toBe(1);
  expect(reflector.silentForMs).toBe(149_999);
  timers.advance(1);
  await pauseOf(watched);
  timers.advance(800);
  await expectAlive(watched);
});

test("row 4: bookmarks keep a quiet watch alive for as long as it likes", async () => {
  const { server, timers, reflector } = await watching();
  for (let minute = 0; minute < 5; minute += 1) {
    timers.advance(60_000);
    server.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"500"}}}\n');
    await until(() => reflector.silentForMs === 0);
  }
  expect(server.count("WATCH")).toBe(1);
});

test("row 5: a handler that throws harms nobody, and is logged", async () => {
  const logged: string[] = [];
  const logger: Logger = { ...nullLogger, child: () => logger, error: (text) => logged.push(text) };
  const watched = await prepare(() => {
    throw new Error("a bug in a handler");
  }, logger);
  watched.server.put("configmaps", "one");
  watched.reflector.start();
  await expectAlive(watched);
  expect(watched.keys).toEqual(["default/one", "default/proof-of-life"]);
  expect(logged).toEqual(Array(2).fill("A handler of changes failed"));
});

test("row 6: stop() during a pause leaves nothing behind", async () => {
  const watched = await watching();
  const { server, timers, reflector } = watched;
  server.breakWatches();
  await pauseOf(watched);
  await reflector.stop();
  expect(timers.delays()).toEqual([]);
  timers.advance(600_000);
  await settle();
  expect([server.count("LIST"), server.count("WATCH"), server.watches]).toEqual([1, 1, 0]);
});

test("row 6: stop() ends an open watch and calls no handler afterwards", async () => {
  const { server, timers, reflector, keys } = await watching();
  await reflector.stop();
  await until(() => server.watches === 0);
  server.put("configmaps", "too-late");
  await settle();
  expect(keys).toEqual(["default/one"]);
  expect(timers.delays()).toEqual([]);
});

test("row 6: stop() ends a list that nobody answers", async () => {
  const { server, timers, reflector } = await prepare();
  server.next("LIST", () => undefined);
  reflector.start();
  await until(() => server.count("LIST") === 1);
  await reflector.stop();
  expect(reflector.hasSynced).toBe(false);
  expect(timers.delays()).toEqual([]);
});

test("row 6: a reflector starts once", async () => {
  const { reflector } = await watching();
  expect(() => reflector.start()).toThrow("starts once");
});

test("row 7: streams that end at once are followed by growing pauses", async () => {
  const watched = await prepare();
  const { server, timers } = watched;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    server.next("WATCH", (response) => response.writeHead(200).end());
  }
  watched.reflector.start();
  for (const expected of [800, 1600, 3200]) {
    expect(await pauseOf(watched)).toBe(expected);
    const before = server.count("WATCH");
    timers.advance(expected);
    await until(() => server.count("WATCH") === before + 1);
  }
  await expectAlive(watched);
});

test("row 7: a watch that has lived and ends cleanly goes on at once", async () => {
  const watched = await watching();
  const { server, timers } = watched;
  timers.advance(60_000);
  server.endWatches();
  await until(() => server.count("WATCH") === 2);
  expect(server.count("LIST")).toBe(1);
  await expectAlive(watched);
});

test("row 8: a watch asks for bookmarks and an end after 290 to 590 s", async () => {
  const { server } = await watching();
  const { query } = server.last("WATCH");
  expect(Object.fromEntries(query)).toEqual({
    labelSelector: "app=ensemble",
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "101",
    timeoutSeconds: "290",
  });
});

test("row 8: a bookmark moves the version on", async () => {
  const watched = await watching();
  watched.server.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"777"}}}\n');
  watched.server.put("other", "something");
  await settle();
  watched.server.breakWatches();
  await pauseOf(watched);
  watched.timers.advance(800);
  await until(() => isWatching(watched));
  expect(watched.server.last("WATCH").query.get("resourceVersion")).toBe("777");
});

test("row 8: 410 as a status leads to a list", async () => {
  const watched = await watching();
  const { server, timers } = watched;
  server.breakWatches();
  await pauseOf(watched);
  server.put("configmaps", "two");
  server.forget();
  timers.advance(800);
  await until(() => server.count("WATCH") === 2);
  expect(await pauseOf(watched)).toBe(1600);
  timers.advance(1600);
  await until(() => watched.known().length === 2);
  expect(server.count("LIST")).toBe(2);
  await expectAlive(watched);
});

test.each([410, 500])(
  "row 8: an error of code %i within the stream leads to a list",
  async (code) => {
    const watched = await watching();
    const { server, timers } = watched;
    server.write(`{"type":"ERROR","object":{"kind":"Status","code":${code},"message":"no"}}\n`);
    expect(await pauseOf(watched)).toBe(800);
    timers.advance(800);
    await expectAlive(watched);
    expect(server.count("LIST")).toBe(2);
  },
);

test("row 9: a list that finds the same objects tells nobody", async () => {
  const watched = await watching();
  const { server, timers, keys, reflector } = watched;
  server.put("configmaps", "two");
  await until(() => keys.length === 2);
  const before = reflector.store.get("default/two");
  server.write('{"type":"ERROR","object":{"kind":"Status","code":410}}\n');
  await pauseOf(watched);
  timers.advance(800);
  await until(() => server.count("WATCH") === 2);
  expect(keys).toEqual(["default/one", "default/two"]);
  expect(reflector.store.get("default/two")).toBe(before);
});

test("row 10: a list tells of objects that went, changed and came unseen", async () => {
  const watched = await watching();
  const { server, timers, keys } = watched;
  server.put("configmaps", "two");
  await until(() => keys.length === 2);
  server.breakWatches();
  await pauseOf(watched);
  server.remove("configmaps", "one");
  server.put("configmaps", "two", { data: { new: "value" } });
  server.put("configmaps", "three");
  server.forget();
  timers.advance(800);
  await until(() => server.count("WATCH") === 2);
  await pauseOf(watched);
  timers.advance(1600);
  await until(() => keys.length === 5);
  expect(keys.slice(2).sort()).toEqual(["default/one", "default/three", "default/two"]);
  expect(watched.known().sort()).toEqual(["three", "two"]);
});

test("row 10: nobody can change what the store holds", async () => {
  const { server, reflector } = await watching();
  server.put("configmaps", "deep", { data: { list: [{ inner: 1 }] } });
  await until(() => reflector.store.get("default/deep") !== undefined);
  const data = reflector.store.get("default/deep")?.["data"] as { list: { inner: number }[] };
  expect(() => (data.list[0]!.inner = 2)).toThrow(TypeError);
  expect(() => data.list.push({ inner: 3 })).toThrow(TypeError);
});

test("row 10: an object that goes is told and gone", async () => {
  const { server, reflector, keys } = await watching();
  server.remove("configmaps", "one");
  await until(() => keys.length === 2);
  expect(reflector.store.get("default/one")).toBeUndefined();
});

test.each([
  ["is not JSON", "this is not JSON\n"],
  ["is no event", "null\n"],
  ["has an event of no known type", '{"type":"LATER","object":{}}\n'],
  ["has an object without a name", '{"type":"ADDED","object":{"metadata":{}}}\n'],
])(
  "row 18: a line that %s ends the stream, which goes on from the last version",
  async (_, line) => {
    const watched = await watching();
    const { server, timers } = watched;
    server.write(line);
    expect(await pauseOf(watched)).toBe(800);
    timers.advance(800);
    await expectAlive(watched);
    expect(server.last("WATCH").query.get("resourceVersion")).toBe("101");
    expect(server.count("LIST")).toBe(1);
  },
);

test("row 18: a line that is cut off is sent again, not lost", async () => {
  const watched = await watching();
  const { server, timers } = watched;
  server.write('{"type":"ADDED","object":{"metadata":{"name":"tw');
  server.endWatches();
  await pauseOf(watched);
  server.put("configmaps", "two");
  timers.advance(800);
  await until(() => watched.known().length === 2);
});

test("row 18: a stream that never makes sense leads to a list at last", async () => {
  const watched = await prepare();
  const { server, timers } = watched;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    server.next("WATCH", (response) => response.writeHead(200).end("nonsense\n"));
  }
  watched.reflector.start();
  for (let attempt = 0; attempt < 5; attempt += 1) timers.advance(await pauseOf(watched));
  await expectAlive(watched);
  expect(server.count("LIST")).toBe(2);
});

test("row 18: characters of several bytes may be split anywhere", async () => {
  const { server, reflector } = await watching();
  server.put("configmaps", "two", { data: { text: "grüße 🎉".repeat(40_000) } });
  await until(() => reflector.store.get("default/two") !== undefined);
  expect(reflector.store.get("default/two")?.["data"]).toEqual({
    text: "grüße 🎉".repeat(40_000),
  });
});
