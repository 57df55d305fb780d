/**
 * Elections on a fake API server that refuses times without six digits, as the real one does.
 * The rows are those of docs/decisions/0011.
 */

import { afterEach, expect, test } from "vitest";
import { LeaderElection } from "../../../src/operator/kube/index.ts";
import type { Json } from "./support/fake-api-server.ts";
import { LEASE } from "../../../src/operator/kube/lease-record.ts";
import { sendStatus } from "./support/fake-api-server.ts";
import { REQUEST_TIMEOUT_MS, openFixture } from "./support/fixture.ts";
import type { Fixture } from "./support/fixture.ts";
import { settle, until } from "./support/manual-timers.ts";

const NAME = { namespace: "default", name: "ensemble-operator" };

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(): Promise<Fixture> {
  const fixture = await openFixture();
  closers.push(() => fixture.close());
  return fixture;
}

function candidate({ dependencies }: Fixture, identity: string) {
  const told: string[] = [];
  const election = new LeaderElection(dependencies, {
    lease: NAME,
    identity,
    onElected: () => told.push("elected"),
    onLost: () => told.push("lost"),
  });
  closers.push(() => election.stop());
  return { election, told };
}

/** Lets time pass in steps of one retry, with all calls between them answered. */
async function pass({ timers, server }: Fixture, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 2000) {
    const before = server.requests.length;
    timers.advance(2000);
    await until(() => server.requests.length > before);
    await settle();
  }
}

async function specOf({ client }: Fixture): Promise<Json> {
  return (await client.get(LEASE, NAME))["spec"] as Json;
}

test("row 13: a candidate is elected where times without six digits are refused", async () => {
  const fixture = await open();
  const { election, told } = candidate(fixture, "one");
  expect(election.isLeader).toBe(false);
  election.start();
  await until(() => election.isLeader);
  expect(told).toEqual(["elected"]);
  expect(await specOf(fixture)).toEqual({
    holderIdentity: "one",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-01T00:00:01.000000Z",
    renewTime: "2026-01-01T00:00:01.000000Z",
    leaseTransitions: 0,
  });
});

test("a leader renews, stays, and keeps others out", async () => {
  const fixture = await open();
  const one = candidate(fixture, "one");
  one.election.start();
  await until(() => one.election.isLeader);
  const two = candidate(fixture, "two");
  two.election.start();
  await pass(fixture, 60_000);
  expect([one.election.isLeader, two.election.isLeader]).toEqual([true, false]);
  expect(await specOf(fixture)).toMatchObject({
    holderIdentity: "one",
    acquireTime: "2026-01-01T00:00:01.000000Z",
    renewTime: "2026-01-01T00:01:01.000000Z",
  });
  expect(one.told).toEqual(["elected"]);
});

test("row 14: a lease counts from when it was last seen to change, whatever its times say", async () => {
  const fixture = await open();
  for (const renewTime of ["2001-01-01T00:00:00.000000Z", "2999-01-01T00:00:00Z", "nonsense"]) {
    fixture.server.put("leases", NAME.name, {
      spec: { holderIdentity: "dead", leaseDurationSeconds: 15, renewTime, leaseTransitions: 4 },
    });
    const { election } = candidate(fixture, `after ${renewTime}`);
    election.start();
    await until(() => fixture.timers.delays().includes(2000));
    await pass(fixture, 14_000);
    expect(election.isLeader).toBe(false);
    await pass(fixture, 2000);
    await until(() => election.isLeader);
    expect((await specOf(fixture))["leaseTransitions"]).toBe(5);
    await election.stop();
  }
});

test("row 14: a lease of which nothing is as it should be is taken in the end", async () => {
  const fixture = await open();
  fixture.server.put("leases", NAME.name, { spec: { holderIdentity: "odd", renewTime: { a: 1 } } });
  const { election } = candidate(fixture, "one");
  election.start();
  await until(() => fixture.timers.delays().includes(2000));
  await pass(fixture, 16_000);
  await until(() => election.isLeader);
});

test("a leader that cannot renew is told so after 10 s, before anybody else may lead", async () => {
  const fixture = await open();
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  const refuse = Array(20).fill((response: Parameters<typeof sendStatus>[0]) =>
    sendStatus(response, 503, "ServiceUnavailable"),
  ) as Parameters<typeof fixture.server.next>[1][];
  fixture.server.next("PUT", ...refuse);
  await pass(fixture, 8000);
  expect(election.isLeader).toBe(true);
  fixture.timers.advance(2000);
  expect(election.isLeader).toBe(false);
  expect(told).toEqual(["elected", "lost"]);
  await settle();
  expect(fixture.timers.delays()).toEqual([]);
});

test("a renewal that hangs does not put off the loss", async () => {
  const fixture = await open();
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  fixture.server.next("PUT", () => undefined);
  fixture.timers.advance(2000);
  await until(() => fixture.server.count("PUT") === 1);
  fixture.timers.advance(8000);
  expect(told).toEqual(["elected", "lost"]);
  fixture.timers.advance(REQUEST_TIMEOUT_MS);
  await settle();
  expect(election.isLeader).toBe(false);
});

test("a leader whose lease another has taken stops at the next look", async () => {
  const fixture = await open();
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  fixture.server.put("leases", NAME.name, {
    spec: { holderIdentity: "usurper", leaseDurationSeconds: 15 },
  });
  await pass(fixture, 2000);
  expect(told).toEqual(["elected", "lost"]);
  expect(await specOf(fixture)).toMatchObject({ holderIdentity: "usurper" });
});

test("a leader renews by one write, and reads only when that is outdated", async () => {
  const fixture = await open();
  const { server } = fixture;
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  const since = server.requests.length;
  await pass(fixture, 6000);
  const verbs = () => server.requests.slice(since).map(({ verb }) => verb);
  expect(verbs()).toEqual(["PUT", "PUT", "PUT"]);
  const lease = fixture.server.get("leases", NAME.name);
  const spec = lease?.["spec"] as Json;
  fixture.server.put("leases", NAME.name, {
    spec: { ...spec, strategy: "OldestEmulationVersion" },
  });
  await pass(fixture, 2000);
  await until(() => verbs().length === 6);
  expect(verbs().slice(3)).toEqual(["PUT", "GET", "PUT"]);
  await pass(fixture, 2000);
  expect(verbs().slice(6)).toEqual(["PUT"]);
  expect(await specOf(fixture)).toMatchObject({
    holderIdentity: "one",
    strategy: "OldestEmulationVersion",
    leaseTransitions: 0,
  });
  expect(told).toEqual(["elected"]);
});

test("a leader whose lease was deleted makes it again", async () => {
  const fixture = await open();
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  fixture.server.remove("leases", NAME.name);
  await pass(fixture, 2000);
  await until(() => fixture.server.get("leases", NAME.name) !== undefined);
  await settle();
  expect([election.isLeader, ...told]).toEqual([true, "elected"]);
});

test("a leader whose write was taken without an answer finds its lease again", async () => {
  const fixture = await open();
  const { server } = fixture;
  const { election, told } = candidate(fixture, "one");
  election.start();
  await until(() => election.isLeader);
  server.next("PUT", (response, { body }) => {
    server.put("leases", NAME.name, { spec: body["spec"] as Json });
    sendStatus(response, 503, "ServiceUnavailable");
  });
  await pass(fixture, 6000);
  await settle();
  expect([election.isLeader, ...told]).toEqual([true, "elected"]);
  expect(await specOf(fixture)).toMatchObject({ holderIdentity: "one", leaseTransitions: 0 });
});

test("of two candidates for a free lease one is elected", async () => {
  const fixture = await open();
  const both = [candidate(fixture, "one"), candidate(fixture, "two")];
  for (const { election } of both) election.start();
  await until(() => fixture.timers.delays().filter((delay) => delay === 2000).length === 2);
  expect(both.filter(({ election }) => election.isLeader).length).toBe(1);
});

test("stop() gives the lease back, and the next one need not wait", async () => {
  const fixture = await open();
  const one = candidate(fixture, "one");
  one.election.start();
  await until(() => one.election.isLeader);
  await one.election.stop();
  expect(one.told).toEqual(["elected"]);
  expect(await specOf(fixture)).toMatchObject({ holderIdentity: "" });
  const two = candidate(fixture, "two");
  two.election.start();
  await until(() => two.election.isLeader);
  expect((await specOf(fixture))["leaseTransitions"]).toBe(1);
});

test("stop() of a candidate leaves the leader's lease alone", async () => {
  const fixture = await open();
  const one = candidate(fixture, "one");
  one.election.start();
  await until(() => one.election.isLeader);
  const two = candidate(fixture, "two");
  two.election.start();
  await settle();
  await two.election.stop();
  expect(await specOf(fixture)).toMatchObject({ holderIdentity: "one" });
});
