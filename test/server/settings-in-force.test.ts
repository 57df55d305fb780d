/** What a running server takes up of settings that are read anew. */
import { describe, expect, it } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { ConfigError, parseServerConfig } from "../../src/server/config/index.ts";
import type { ServerConfig } from "../../src/server/config/index.ts";
import { SettingsInForce } from "../../src/server/settings-in-force.ts";

const MEMBERS = "server.1=a:2888:3888;2181\nserver.2=b:2888:3888;2181\nserver.3=c:2888:3888;2181";

/** A server with these settings, whose file can be edited. */
function start(settings: string, members = MEMBERS) {
  let text = "";
  const edit = (next: string, nextMembers = members): void => {
    text = `dataDir=/data\ninitLimit=10\nsyncLimit=5\n${nextMembers}\n${next}\n`;
  };
  const read = (): ServerConfig => {
    const config = parseServerConfig(text, "zoo.cfg", (file) => {
      return file === "/data/myid" ? "1" : file === "/data/dynamic.5" ? MEMBERS : null;
    });
    return { ...config, settingsDigest: text };
  };
  edit(settings);
  const config = read();
  const before = config.live;
  const inForce = new SettingsInForce(config, read, nullLogger);
  return { edit, inForce, live: () => (expect(config.live).toBe(before), config.live) };
}

describe("SettingsInForce", () => {
  it("puts live settings in force at once, in the object that everybody has", () => {
    const { edit, inForce, live } = start("maxClientCnxns=10\n4lw.commands.whitelist=ruok");
    edit("maxClientCnxns=20\nmaxCnxns=30\nminSessionTimeout=7000\nglobalOutstandingLimit=5");
    expect(inForce.reload()).toEqual({
      applied: [
        "maxClientCnxns",
        "4lw.commands.whitelist",
        "maxCnxns",
        "minSessionTimeout",
        "globalOutstandingLimit",
      ],
      awaitingRestart: [],
    });
    expect(live()).toMatchObject({
      maxClientCnxns: 20,
      maxCnxns: 30,
      minSessionTimeoutMs: 7000,
      globalOutstandingLimit: 5,
      fourLetterWords: new Set(["srvr"]),
    });
    expect(inForce.reload()).toEqual({ applied: [], awaitingRestart: [] });
  });

  it("goes back to a default, under any name of the key", () => {
    const { edit, inForce, live } = start("zookeeper.connectionMaxTokens=9");
    expect(live().connectionThrottle.tokens).toBe(9);
    edit("");
    expect(inForce.reload().applied).toEqual(["connection_throttle_tokens"]);
    expect(live().connectionThrottle.tokens).toBe(0);
    edit("connection_throttle_tokens=0");
    expect(inForce.reload().applied).toEqual([]);
  });

  it("leaves other settings to a restart, and forgets those that are taken back", () => {
    const { edit, inForce, live } = start("tickTime=2000");
    edit("tickTime=1000\nmaxClientCnxns=5\nssl.keyStore.password=x");
    const awaitingRestart = ["tickTime", "ssl.keyStore.password"];
    expect(inForce.reload()).toEqual({ applied: ["maxClientCnxns"], awaitingRestart });
    expect(inForce.awaitingRestart).toEqual(awaitingRestart);
    // What follows from the tick stays with the tick that is in force.
    expect(live().minSessionTimeoutMs).toBe(4000);
    edit("tickTime=2000\nmaxClientCnxns=5");
    expect(inForce.reload()).toEqual({ applied: [], awaitingRestart: [] });
    expect(inForce.awaitingRestart).toEqual([]);
  });

  it("changes nothing when the file cannot be used", () => {
    const { edit, inForce, live } = start("maxClientCnxns=10");
    const { digest } = inForce;
    edit("maxClientCnxns=20\nmaxCnxns=many");
    expect(() => inForce.reload()).toThrow(ConfigError);
    expect(live().maxClientCnxns).toBe(10);
    expect(inForce.digest).toBe(digest);
    edit("maxClientCnxns=20\ntickTime=1000");
    inForce.reload();
    expect(inForce.digest).not.toBe(digest);
  });

  it("says nothing of what reconfigurations have edited, or what has no effect", () => {
    const settings = "reconfigEnabled=true\nstandaloneEnabled=false";
    const { edit, inForce } = start(`${settings}\npeerType=participant\nclientPort=2181`);
    edit(`${settings}\ndynamicConfigFile=/data/dynamic.5\nelectionAlg=3`, "");
    expect(inForce.reload()).toEqual({ applied: [], awaitingRestart: [] });
  });

  it("leaves an edited list of members to a restart where only that changes them", () => {
    const { edit, inForce } = start("");
    edit("", MEMBERS.replace("=b:", "=d:"));
    expect(inForce.reload().awaitingRestart).toEqual(["server.*"]);
    edit("clientPort=2181");
    expect(inForce.reload().awaitingRestart).toEqual(["clientPort"]);
  });
});
