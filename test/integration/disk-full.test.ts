/**
 * Servers whose log is on a disk that fills up: nothing is acknowledged that is not durable, and
 * they go on by themselves when there is space. The servers run in this process, on real disks.
 */
import { appendFileSync, cpSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { systemClock } from "../../src/main/system-clock.ts";
import type { LogFields, Logger } from "../../src/observe/index.ts";
import { loadServerConfig, startServer } from "../../src/server/index.ts";
import { connectStringOf, layOutEnsemble } from "../compat/support/member-layout.ts";
import type { MemberLayout } from "../compat/support/member-layout.ts";
import { describeWithSmallDisks, smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "./support/test-ensemble.ts";

const MiB = 1024 * 1024;
const WRITE_BYTES = 20_000;

/** Keeps the messages that tell of the disk. */
class DiskLog implements Logger {
  readonly messages: string[] = [];
  debug(): void {
    // Of no interest.
  }
  info(message: string): void {
    this.#keep(message);
  }
  warn(message: string, fields?: LogFields): void {
    const reason = fields?.["reason"];
    this.#keep(typeof reason === "string" ? reason : message);
  }
  error(message: string): void {
    this.#keep(message);
  }
  child(): Logger {
    return this;
  }
  #keep(message: string): void {
    if (/disk/iu.test(message)) this.messages.push(message);
  }
}

async function start({ zooCfgPath }: MemberLayout) {
  const logger = new DiskLog();
  const config = loadServerConfig(zooCfgPath);
  const server = await startServer({ config, logger, clock: systemClock });
  onTestFinished(() => server.stop());
  return { server, logger };
}

function layOut(count: number): Promise<MemberLayout[]> {
  const config = { tickTime: 500, initLimit: 10, syncLimit: 4, preAllocSize: 64 };
  return layOutEnsemble(count, { baseFolder: temporaryFolder(), config });
}

async function connect(members: readonly MemberLayout[]): Promise<EnsembleClient> {
  const client = await EnsembleClient.connect(connectStringOf(members));
  onTestFinished(() => client.close());
  return client;
}

/** Starts writes one after the other; `acknowledged` holds the paths of those that succeeded. */
function startWriting(client: EnsembleClient, root: string) {
  const acknowledged: string[] = [];
  const state = { acknowledged, isStopped: false, run: Promise.resolve() };
  const write = async (): Promise<void> => {
    for (let count = 0; !state.isStopped; count++) {
      const name = `${root}-${count}`;
      try {
        await client.create(name, Buffer.alloc(WRITE_BYTES, "x"));
        acknowledged.push(name);
      } catch {
        // Lost with its connection: it may have happened or not, and was not acknowledged.
        await sleep(20);
      }
    }
  };
  state.run = write();
  return state;
}

async function missing(client: EnsembleClient, paths: readonly string[]): Promise<string[]> {
  const stats = await Promise.all(paths.map((name) => client.exists(name)));
  return paths.filter((_, index) => stats[index] === null);
}

/** What a probe and the metrics say. */
async function readiness(adminPort: number | null) {
  const base = `http://127.0.0.1:${adminPort}`;
  const probe = await fetch(`${base}/readyz`);
  const { causes = [] } = (await probe.json()) as { causes?: { code: string }[] };
  const monitor = (await (await fetch(`${base}/commands/monitor`)).json()) as Record<
    string,
    unknown
  >;
  const codes = causes.map(({ code }) => code);
  return { status: probe.status, codes, full: monitor["ensemble_disk_full"] };
}

describeWithSmallDisks("A server on a full disk", () => {
  test("stops acknowledging, answers reads, and goes on when there is space", async () => {
    const disk = smallDisk(8 * MiB);
    const [member] = await layOut(1);
    if (member === undefined) throw new Error("One server was laid out");
    const admin = "admin.enableServer=true\nadmin.serverPort=0\n";
    appendFileSync(member.zooCfgPath, `dataLogDir=${disk.folder}\n${admin}`);
    const { server, logger } = await start(member);
    const [writer, reader] = [await connect([member]), await connect([member])];
    const writing = startWriting(writer, "/a");
    await eventually("writes go on", () => writing.acknowledged.length > 20);
    disk.fill();
    await eventually("the disk is full", () => logger.messages.length > 0);
    const acknowledged = [...writing.acknowledged];
    await sleep(1500);
    expect(writing.acknowledged).toEqual(acknowledged);
    expect(await missing(reader, acknowledged)).toEqual([]);
    expect(await readiness(server.adminPort)).toEqual({
      status: 503,
      codes: ["disk-full"],
      full: 1,
    });

    // A server that starts on what the disk holds now has everything acknowledged.
    const [copy] = await layOut(1);
    if (copy === undefined) throw new Error("One server was laid out");
    cpSync(path.join(member.dataFolder, "version-2"), path.join(copy.dataFolder, "version-2"), {
      recursive: true,
    });
    cpSync(path.join(disk.folder, "version-2"), path.join(copy.dataFolder, "version-2"), {
      recursive: true,
    });
    await start(copy);
    expect(await missing(await connect([copy]), acknowledged)).toEqual([]);

    const freedAtMs = performance.now();
    disk.empty();
    await eventually("writes go on", () => writing.acknowledged.length > acknowledged.length);
    expect(performance.now() - freedAtMs).toBeLessThan(10_000);
    writing.isStopped = true;
    await writing.run;
    expect(await missing(reader, writing.acknowledged)).toEqual([]);
    expect(await readiness(server.adminPort)).toEqual({ status: 200, codes: [], full: 0 });
    expect(logger.messages).toEqual([
      "Disk full: nothing is acknowledged until there is space",
      "Disk has space again",
    ]);
  });

  test("stops in order", async () => {
    const disk = smallDisk(8 * MiB);
    const [member] = await layOut(1);
    if (member === undefined) throw new Error("One server was laid out");
    appendFileSync(member.zooCfgPath, `dataLogDir=${disk.folder}\n`);
    const { server, logger } = await start(member);
    const writing = startWriting(await connect([member]), "/a");
    disk.fill();
    await eventually("the disk is full", () => logger.messages.length > 0);
    writing.isStopped = true;
    await server.stop();
    await server.done;
    disk.empty();
    await start(member);
    expect(await missing(await connect([member]), writing.acknowledged)).toEqual([]);
  });
});

describeWithSmallDisks("A quorum of which one disk is full", () => {
  test.each(["leader", "follower"])(
    "goes on without the %s's",
    { timeout: 90_000 },
    async (who) => {
      const disk = smallDisk(8 * MiB);
      const members = await layOut(3);
      // Of equals, the one with the highest id is elected.
      const hurt = members[who === "leader" ? 2 : 0];
      if (hurt === undefined) throw new Error("Three servers were laid out");
      appendFileSync(hurt.zooCfgPath, `dataLogDir=${disk.folder}\n`);
      const servers = await Promise.all(members.map(start));
      const { logger } = servers[members.indexOf(hurt)]!;
      const others = members.filter((member) => member !== hurt);
      const writing = startWriting(await connect(others), "/q");
      await eventually("writes go on", () => writing.acknowledged.length > 20, 20_000);
      const before = logger.messages.length;
      disk.fill();
      await eventually("the disk is full", () => logger.messages.length > before, 20_000);
      // More than the server may hold in memory: it leaves its role, and the others go on.
      const goal = writing.acknowledged.length + Math.ceil((40 * MiB) / WRITE_BYTES);
      await eventually("writes go on", () => writing.acknowledged.length > goal, 40_000);
      expect(logger.messages.slice(before)).toEqual([
        "Disk full: nothing is acknowledged until there is space",
        "The disk is full, and much waits for it",
      ]);
      // With the ballast gone what waits in memory would not fit: only a larger disk helps.
      disk.empty();
      disk.grow(256 * MiB);
      const healed = await connect([hurt]);
      writing.isStopped = true;
      await writing.run;
      await healed.sync("/");
      expect(await missing(healed, writing.acknowledged)).toEqual([]);
    },
  );
});
