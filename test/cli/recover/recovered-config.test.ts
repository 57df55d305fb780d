import { describe, expect, it } from "vitest";
import {
  recoveredMainFile,
  recoveredMembership,
  recoveredVersion,
} from "../../../src/cli/recover/recovered-config.ts";
import { parseServerConfig } from "../../../src/server/index.ts";
import { makeZxid } from "../../../src/wire/index.ts";

const main = [
  "dataDir=/d",
  "initLimit=5",
  "syncLimit=2",
  "# server.9=a comment",
  "server.1=h1:2888:3888;2181",
  "server.2=h2:2888:3888:\\",
  "  participant;2181",
  "server.3 = h3:2888:3888:observer;2181",
  "standaloneEnabled=true",
  "tickTime=700",
  "",
].join("\n");

const read = (text: string, dynamicText: string | null = null) =>
  parseServerConfig(text, "zoo.cfg", (file) => (file === "/d/myid" ? "2\n" : dynamicText));

const survivorOf = (text: string) => {
  const { servers, configVersion } = read(text);
  return { sid: 2n, servers, configVersion, lastZxid: makeZxid(7, 12), acceptedEpoch: 9 };
};

describe("recoveredMainFile()", () => {
  it("is read as a quorum of the survivor, with the others as observers and all else as it was", () => {
    const survivor = survivorOf(main);
    const version = recoveredVersion(survivor);
    const file = `/etc/zoo.cfg.dynamic.${version.toString(16)}`;
    const config = read(recoveredMainFile(main, file), recoveredMembership(survivor));
    expect(config).toMatchObject({ replicated: true, tickTimeMs: 700, configVersion: version });
    const roles = [...config.servers.values()].map(({ sid, role }) => [sid, role]);
    expect(roles).toEqual([
      [1n, "observer"],
      [2n, "participant"],
      [3n, "observer"],
    ]);
    expect(recoveredMainFile(main, file)).toContain("# server.9=a comment\n");
  });

  it("replaces an earlier dynamic file", () => {
    const once = recoveredMainFile(main, "/a");
    expect(recoveredMainFile(once, "/b")).toBe(once.replace("=/a", "=/b"));
  });
});

describe("recoveredVersion()", () => {
  it("is far above every epoch that the survivor knows of", () => {
    const survivor = survivorOf(main);
    expect(recoveredVersion(survivor)).toBe(makeZxid(1009, 0));
    expect(recoveredVersion({ ...survivor, configVersion: makeZxid(2000, 5) })).toBe(
      makeZxid(3000, 0),
    );
  });
});
