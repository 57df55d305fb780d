/** The tools of this suite: what they do on a machine that lacks something, or runs two at once. */
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { installOnce } from "./support/cache.ts";
import { installKazoo } from "./support/kazoo.ts";
import { layOutEnsemble } from "./support/member-layout.ts";
import { MissingToolError, findMissingTools } from "./support/missing-tools.ts";
import { findFreePorts } from "./support/ports.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "ensemble-support-"));
  vi.stubEnv("ENSEMBLE_CACHE", path.join(folder, "cache"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("on a machine without tools", () => {
  beforeEach(() => {
    vi.stubEnv("PATH", folder);
  });

  test("findMissingTools() names them in the order asked for", () => {
    expect(findMissingTools(["mvn", "java", "python3"])).toEqual(["mvn", "java", "python3"]);
  });

  test("installApacheZooKeeper() says that java and mvn are missing", async () => {
    const failure = installApacheZooKeeper();
    await expect(failure).rejects.toThrow(MissingToolError);
    await expect(failure).rejects.toThrow(/^Cannot install Apache ZooKeeper: .*java.*mvn/);
  });

  test("installKazoo() says that python3 and pip are missing", async () => {
    await expect(installKazoo()).rejects.toMatchObject({
      code: "MissingTool",
      tools: ["python3", "venv", "pip"],
    });
  });
});

describe("installOnce()", () => {
  test("gives two builders at once the same complete entry", async () => {
    const build = (building: string): Promise<void> => writeFile(path.join(building, "a"), "done");
    const found = await Promise.all([installOnce("entry", build), installOnce("entry", build)]);
    expect(found[0]).toBe(found[1]);
    expect(await readFile(path.join(found[0], "a"), "utf8")).toBe("done");
    expect(await readdir(path.dirname(found[0]))).toEqual(["entry"]);
  });

  test("leaves nothing behind when the build fails", async () => {
    const failure = installOnce("entry", () => Promise.reject(new Error("No network")));
    await expect(failure).rejects.toThrow("No network");
    expect(await readdir(path.join(folder, "cache"))).toEqual([]);
  });
});

describe("layOutEnsemble()", () => {
  test("writes a standalone server without server lines", async () => {
    const [member] = await layOutEnsemble(1, { baseFolder: folder });
    const text = await readFile(member?.zooCfgPath ?? "", "utf8");
    expect(text).toContain(`clientPort=${member?.ports.client}\n`);
    expect(text).not.toContain("server.");
  });

  test("writes each member's id, and the same server lines for all", async () => {
    const members = await layOutEnsemble(3, { baseFolder: folder, config: { tickTime: 500 } });
    for (const member of members) {
      expect(await readFile(path.join(member.dataFolder, "myid"), "utf8")).toBe(`${member.id}\n`);
      const text = await readFile(member.zooCfgPath, "utf8");
      expect(text).toContain("tickTime=500\n");
      for (const { id, ports } of members) {
        expect(text).toContain(`server.${id}=127.0.0.1:${ports.quorum}:${ports.election}\n`);
      }
    }
  });
});

test("findFreePorts() never returns the same port twice", async () => {
  const ports = await findFreePorts(50);
  expect(new Set(ports).size).toBe(50);
});
