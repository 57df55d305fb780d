/** The order of servers and the pauses between attempts. */
import { expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.ts";
import { ServerList } from "../../src/client/server-list.ts";

const servers = ["a", "b", "c"].map((host) => ({ host, port: 2181 }));
const backoff = { backoffMs: 100, backoffMsMax: 1000 };

test("next() goes through all servers before it repeats one, from every start", () => {
  const firsts = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const list = new ServerList(servers, seededRandom(seed), backoff);
    const round = [list.next(), list.next(), list.next()].map(({ server }) => server.host);
    expect([...round].sort()).toEqual(["a", "b", "c"]);
    expect(list.next().server.host).toBe(round[0]);
    firsts.add(round[0] ?? "");
  }
  expect([...firsts].sort()).toEqual(["a", "b", "c"]);
});

test("next() hardly waits within a round, and twice as long after each, up to a limit", () => {
  const list = new ServerList(servers, { next: () => 0 }, backoff);
  const delays = Array.from({ length: 19 }, () => list.next().delayMs);
  expect(delays[0]).toBe(0);
  const roundStarts = delays.filter((_, index) => index > 0 && index % 3 === 0);
  expect(roundStarts).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(Math.max(...delays.filter((_, index) => index % 3 !== 0))).toBeLessThanOrEqual(20);
});

test("chance takes away at most half of a pause", () => {
  const list = new ServerList([servers[0]!], { next: () => 0.999 }, backoff);
  list.next();
  expect(list.next().delayMs).toBe(50);
});

test("succeeded() ends the pauses", () => {
  const list = new ServerList(servers, seededRandom(1), backoff);
  for (let attempt = 0; attempt < 10; attempt++) list.next();
  list.succeeded();
  expect(list.next().delayMs).toBe(0);
});
