/**
 * `ensemble up` and `ensemble server` as a user runs them: the real command, real servers, on
 * ports that happen to be free.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { findFreePorts } from "../compat/support/ports.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ANY_PORTS, CommandRun } from "./support/command-run.ts";

const YAML = "apiVersion: ensemble.dev/v1\nkind: Ensemble\nmetadata: {name: demo}\n";

function folderWith(yaml: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "e.yaml"), yaml);
  return folder;
}

async function fourLetterWord(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(word));
    socket.on("data", (chunk) => (reply += chunk.toString()));
    socket.on("error", reject);
    socket.on("close", () => resolve(reply));
  });
}

describe("ensemble up", () => {
  it("serves, survives the death of its leader, stops at Ctrl-C and starts again", async () => {
    const folder = folderWith(YAML);
    const first = CommandRun.up(folder, ...ANY_PORTS);
    const members = await first.members();
    expect(members.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(members.map(({ role }) => role).sort()).toEqual(["follower", "follower", "leader"]);
    const addresses = members.map(({ port }) => `127.0.0.1:${port}`).join(",");
    expect(first.output).toContain(`Connection string: ${addresses}\n`);
    expect(await fourLetterWord(members[0]!.port, "ruok")).toBe("imok");

    const leader = members.find(({ role }) => role === "leader")!;
    const client = await EnsembleClient.connect(addresses);
    await client.create("/kept", Buffer.from("before the leader died"));
    await client.close();
    const seen = first.output.length;
    process.kill(leader.pid, "SIGKILL");
    await first.match(
      new RegExp(`Member ${leader.id} ended unexpectedly \\(SIGKILL\\)`, "u"),
      seen,
    );
    await first.match(/Member \d is leader|The quorum serves again/u, seen);
    await first.match(new RegExp(`Member ${leader.id} is follower`, "u"), seen);

    first.child.kill("SIGINT");
    expect(await first.exit).toBe(0);
    expect(first.output).toMatch(/Stopped; the data stays in data\/default\/demo\n$/u);
    for (const { pid } of members) expect(() => process.kill(pid, 0)).toThrow();

    const second = CommandRun.up(folder);
    expect((await second.members()).map(({ port }) => port)).toEqual(
      members.map(({ port }) => port),
    );
    const again = await EnsembleClient.connect(addresses);
    expect(Buffer.from((await again.getData("/kept")).data ?? []).toString()).toBe(
      "before the leader died",
    );
    await again.close();
    second.child.kill("SIGTERM");
    expect(await second.exit).toBe(0);
  });

  it("writes each member's log as JSON lines", async () => {
    const folder = folderWith(`${YAML}spec: {replicas: 1}`);
    const run = CommandRun.up(folder, ...ANY_PORTS, "--data-dir", "here");
    await run.members();
    run.child.kill("SIGINT");
    expect(await run.exit).toBe(0);
    const lines = readFileSync(join(folder, "here/member-1/server.log"), "utf8").trimEnd();
    for (const line of lines.split("\n")) {
      expect(JSON.parse(line)).toMatchObject({
        time: expect.any(String),
        level: expect.any(String),
      });
    }
  });

  it("leaves no server running when it is killed itself", async () => {
    const folder = folderWith(`${YAML}spec: {replicas: 1}`);
    const run = CommandRun.up(folder, ...ANY_PORTS);
    const [member] = await run.members();
    run.child.kill("SIGKILL");
    await run.exit;
    // The next run waits for the member of the last one to give its port back.
    const again = CommandRun.up(folder);
    const [successor] = await again.members();
    expect(successor).toMatchObject({ port: member!.port });
    expect(successor!.pid).not.toBe(member!.pid);
    again.child.kill("SIGINT");
    expect(await again.exit).toBe(0);
  });

  it.each([
    ["no such file", null, [], "Cannot read e.yaml: no such file"],
    ["bad YAML", "a: [1", [], /^ensemble: e\.yaml:\d+:\d+: invalid YAML: .+$/u],
    [
      "an unknown field",
      `${YAML}spec: {replica: 3}`,
      [],
      "e.yaml: spec.replica: unknown field; did you mean 'replicas'?",
    ],
    [
      "a field that is for Kubernetes",
      `${YAML}spec: {paused: true}`,
      [],
      "e.yaml: spec.paused: expected not to be set, as 'ensemble up' has no use for it yet",
    ],
    [
      "an unknown setting",
      `${YAML}spec: {config: {tickTme: 3}}`,
      [],
      "e.yaml: spec.config.tickTme: unknown setting; did you mean 'tickTime'?",
    ],
    [
      "another kind",
      YAML.replace("kind: Ensemble", "kind: Pod"),
      [],
      "e.yaml: kind: expected 'Ensemble', found \"Pod\"",
    ],
    ["a bad option", YAML, ["--client-port-base", "x"], "Expected a port, 0 to 65535."],
    ["a file in the way", YAML, ["--data-dir", "e.yaml/data"], /Cannot create .*: a file is in/u],
  ])("refuses %s with one line", async (_, yaml, flags, message) => {
    const folder = yaml === null ? temporaryFolder() : folderWith(yaml);
    const run = CommandRun.up(folder, ...flags);
    expect(await run.exit).toBe(1);
    expect(run.output.trimEnd()).toMatch(message);
    expect(run.output).toMatch(/^ensemble: .+\n$/u);
    expect(readdirSync(folder)).toEqual(yaml === null ? [] : ["e.yaml"]);
  });

  it.skipIf(process.getuid?.() === 0)("refuses an unwritable folder with one line", async () => {
    const folder = folderWith(YAML);
    const locked = join(folder, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const run = CommandRun.up(folder, ...ANY_PORTS, "--data-dir", "locked");
    expect(await run.exit).toBe(1);
    expect(run.output).toMatch(/^ensemble: Cannot write .*: permission denied\n$/u);
  });
});

describe("ensemble server", () => {
  it("runs a standalone server from a ZooKeeper configuration until it is asked to stop", async () => {
    const folder = temporaryFolder();
    const [port] = await findFreePorts(1);
    writeFileSync(
      join(folder, "zoo.cfg"),
      `tickTime=2000\ndataDir=${folder}/data\nclientPort=${port}\nclientPortAddress=127.0.0.1\n`,
    );
    const run = new CommandRun(folder, "server", "zoo.cfg");
    let reply = "";
    while (!reply.includes("Mode:")) {
      reply = await fourLetterWord(port!, "srvr").catch(() => "");
      if (run.child.exitCode !== null) throw new Error(run.output);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(reply).toMatch(/^Mode: standalone$/mu);
    run.child.kill("SIGTERM");
    expect(await run.exit).toBe(0);
    expect(existsSync(join(folder, "data/version-2"))).toBe(true);
  });

  it("refuses a bad configuration with one line", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "zoo.cfg"), "dataDir=/x\ntickTime=soon\n");
    const run = new CommandRun(folder, "server", "zoo.cfg");
    expect(await run.exit).toBe(1);
    expect(run.output).toBe(
      "ensemble: zoo.cfg:2: tickTime: expected a whole number of ms, 1 or more, found 'soon'\n",
    );
  });
});
