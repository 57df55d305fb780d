/**
 * `ensemble operator` as a process, against an API server that is none: how it starts, what it tells
 * probes and Prometheus, and that it stops in order.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { findFreePorts } from "../compat/support/ports.ts";
import { FakeApiServer } from "../operator/kube/support/fake-api-server.ts";
import { eventually } from "./support/test-ensemble.ts";

const entryPoint = fileURLToPath(new URL("../../src/main/ensemble.ts", import.meta.url));

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Started {
  readonly process: ChildProcess;
  /** What it has written to standard error. */
  readonly log: () => string;
}

/** Runs the command with a kubeconfig of its own. */
function start(serverUrl: string, ...flags: readonly string[]): Started {
  const folder = mkdtempSync(path.join(tmpdir(), "ensemble-operator-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "kubeconfig");
  const cluster = { server: serverUrl, "insecure-skip-tls-verify": true };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "fake", cluster }],
    users: [{ name: "tester", user: {} }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "tester" } }],
    "current-context": "fake",
  };
  writeFileSync(file, JSON.stringify(config));
  const args = [entryPoint, "operator", "--image", "ensemble:1.0.0", ...flags];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: file, POD_NAME: "operator-0", POD_NAMESPACE: "system" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  closers.push(() => void child.kill("SIGKILL"));
  return { process: child, log: () => log };
}

async function read(url: string): Promise<string> {
  try {
    const response = await fetch(url);
    return `${response.status} ${await response.text()}`;
  } catch {
    return "no answer";
  }
}

test("it follows the cluster, leads, tells so, and gives the lease back when it stops", async () => {
  const server = await FakeApiServer.start();
  closers.push(() => server.close());
  const [port = 0] = await findFreePorts(1);
  const ports = ["--health-port", String(port), "--metrics-port", String(port)];
  const operator = start(server.url, ...ports, "--namespace", "blue");
  const origin = `http://127.0.0.1:${port}`;
  await eventually(
    "it is ready",
    async () => (await read(`${origin}/readyz`)) === "200 ok\n",
    40_000,
  );
  expect(await read(`${origin}/healthz`)).toBe("200 ok\n");
  const leads = 'leader_election_master_status{name="ensemble-operator"} 1';
  await eventually(
    "it leads",
    async () => (await read(`${origin}/metrics`)).includes(leads),
    40_000,
  );
  const lists = server.requests.filter(({ verb }) => verb === "LIST");
  expect(lists.length).toBeGreaterThan(5);
  expect(lists.every(({ path: asked }) => asked.includes("/namespaces/blue/"))).toBe(true);
  const lease = () => server.get("leases", "ensemble-operator", "system")?.["spec"];
  expect(lease()).toMatchObject({
    holderIdentity: expect.stringMatching(/^operator-0_/) as string,
  });
  operator.process.kill("SIGTERM");
  expect(await once(operator.process, "exit")).toEqual([0, null]);
  expect(lease()).toMatchObject({ holderIdentity: "" });
  const lines = operator.log().trim().split("\n");
  const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(expect.arrayContaining(["Elected leader", "Operator stopped"]));
});

test("it ends with 1 when another operator takes the lease, and writes nothing more", async () => {
  const server = await FakeApiServer.start();
  closers.push(() => server.close());
  const operator = start(server.url, "--health-port", "0", "--metrics-port", "0");
  const lease = () => server.get("leases", "ensemble-operator", "system");
  await eventually("it has the lease", () => lease() !== undefined, 40_000);
  const held = lease()!;
  const spec = { ...(held["spec"] as object), holderIdentity: "another" };
  server.patch("leases", held, { spec });
  expect(await once(operator.process, "exit")).toEqual([1, null]);
  expect(operator.log()).toContain("Another operator leads");
  expect(lease()?.["spec"]).toMatchObject({ holderIdentity: "another" });
});

test("it ends with 1 when its port is taken", async () => {
  const server = await FakeApiServer.start();
  closers.push(() => server.close());
  const { port } = new URL(server.url);
  const operator = start(server.url, "--health-port", port);
  expect(await once(operator.process, "exit")).toEqual([1, null]);
  expect(operator.log()).toContain(`Cannot listen on port ${port}`);
});
