import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rereadMember } from "../../src/cli/member/reread-member.ts";
import { ConfigError } from "../../src/server/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SERVER = "server.1=h1:2888:3888:participant;0.0.0.0:2181";

/** The settings that the operator has written, and the file of the server that runs. */
function lay(settings: string, running: string) {
  const folder = temporaryFolder();
  const [settingsFile, file] = [join(folder, "mounted"), join(folder, "zoo.cfg")];
  const common = `dataDir=${folder}\ninitLimit=10\nsyncLimit=5\nstandaloneEnabled=false\n`;
  writeFileSync(settingsFile, `${common}${settings}\n`);
  writeFileSync(file, `${common}${running.replaceAll("FOLDER", folder)}\n`);
  writeFileSync(join(folder, "myid"), "1\n");
  writeFileSync(join(folder, "zoo.cfg.dynamic.100000002"), `${SERVER}\n`);
  return { settingsFile, file };
}

describe("rereadMember()", () => {
  it.each([
    ["in its file", `${SERVER}\nmaxClientCnxns=1`],
    ["in a file of their own", "dynamicConfigFile=FOLDER/zoo.cfg.dynamic.100000002"],
  ])("joins the newest settings and the members %s", (_, running) => {
    const { settingsFile, file } = lay("maxClientCnxns=7", running);
    const config = rereadMember(settingsFile, file);
    expect(config.live.maxClientCnxns).toBe(7);
    expect([...config.servers.keys()]).toEqual([1n]);
    expect(config.settingsDigest).toMatch(/^[0-9a-f]{16}$/u);
  });

  it("has a digest of the settings alone", () => {
    const one = lay("maxClientCnxns=7", SERVER);
    const { settingsDigest } = rereadMember(one.settingsFile, one.file);
    writeFileSync(one.file, `${SERVER.replace("h1", "h2")}\n`);
    expect(rereadMember(one.settingsFile, one.file).settingsDigest).toBe(settingsDigest);
  });

  it("names the line of the operator's that cannot be used", () => {
    const { settingsFile, file } = lay("maxClientCnxns=x", SERVER);
    expect(() => rereadMember(settingsFile, file)).toThrow(ConfigError);
    expect(() => rereadMember(settingsFile, file)).toThrow(`${settingsFile}:5: maxClientCnxns`);
  });
});
