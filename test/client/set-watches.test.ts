/** Cutting many watches into requests that a server will take. */
import { expect, test } from "vitest";
import { chunkSetWatches, setWatchesBytesMax } from "../../src/client/set-watches.ts";
import { WatchTable } from "../../src/client/watch-table.ts";
import { JuteWriter, writeSetWatches } from "../../src/wire/index.ts";

const ignore = (): void => undefined;

test("chunkSetWatches() makes nothing of no watches", () => {
  expect(chunkSetWatches(new WatchTable(), 5n)).toEqual([]);
});

test("chunkSetWatches() keeps each request within the limit and loses no path", () => {
  const table = new WatchTable();
  const paths = Array.from({ length: 3000 }, (_, index) => `/${"ä".repeat(50)}/${index}`);
  for (const path of paths) {
    table.add("data", path, ignore);
    table.add("child", path, ignore);
  }
  table.add("exist", "/missing", ignore);
  const requests = chunkSetWatches(table, 5n);
  expect(requests.length).toBeGreaterThan(4);
  const headBytes = 8 + 3 * 4;
  for (const request of requests) {
    const writer = new JuteWriter();
    writeSetWatches(writer, request, false);
    expect(writer.length - headBytes).toBeLessThanOrEqual(setWatchesBytesMax);
    expect(request.relativeZxid).toBe(5n);
  }
  expect(requests.flatMap((request) => request.dataWatches)).toEqual(paths);
  expect(requests.flatMap((request) => request.existWatches)).toEqual(["/missing"]);
  expect(requests.flatMap((request) => request.childWatches)).toEqual(paths);
});

test("chunkSetWatches() gives a path above the limit a request of its own", () => {
  const table = new WatchTable();
  const long = `/${"x".repeat(setWatchesBytesMax)}`;
  for (const path of ["/a", long, "/b"]) table.add("data", path, ignore);
  const requests = chunkSetWatches(table, 1n);
  expect(requests.map((request) => request.dataWatches)).toEqual([["/a"], [long], ["/b"]]);
});
