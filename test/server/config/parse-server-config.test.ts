import { describe, expect, it } from "vitest";
import {
  CONFIG_KEYS,
  ConfigError,
  findConfigKey,
  parseServerConfig,
} from "../../../src/server/config/index.ts";
import type { ServerConfig } from "../../../src/server/config/index.ts";

const STANDALONE = "dataDir=/data\nclientPort=2181\n";
const QUORUM = [
  "dataDir=/data",
  "initLimit=10",
  "syncLimit=5",
  "server.1=zk1:2888:3888",
  "server.2=zk2:2888:3888;2182",
  "server.3=zk3:2888:3888:observer;127.0.0.1:2183",
  "server.4=zk4:2888:3888",
].join("\n");

function parse(text: string, files: Record<string, string> = {}): ServerConfig {
  return parseServerConfig(text, "zoo.cfg", (path) => files[path] ?? null);
}

function failure(text: string, files: Record<string, string> = {}): string {
  try {
    parse(text, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("The configuration was accepted");
}

describe("parseServerConfig() of a standalone server", () => {
  it("fills in ZooKeeper's defaults", () => {
    expect(parse(STANDALONE)).toMatchObject({
      dataDir: "/data",
      dataLogDir: "/data",
      clientPort: 2181,
      clientPortAddress: null,
      tickTimeMs: 3000,
      live: {
        minSessionTimeoutMs: 6000,
        maxSessionTimeoutMs: 60000,
        maxClientCnxns: 60,
        maxCnxns: 0,
        fourLetterWords: new Set(["srvr"]),
      },
      sessionlessTimeoutMs: 10000,
      snapCount: 100000,
      preAllocSizeKb: 65536,
      snapSizeLimitKb: 4194304,
      dataDirAutocreate: true,
      leaderServes: true,
      clientTcpKeepAlive: false,
      tcpKeepAlive: false,
      juteMaxBufferBytes: 1048575,
      forceSync: true,
      autopurgeSnapRetainCount: 3,
      dbAutocreate: true,
      replicated: false,
      myId: null,
      servers: new Map(),
      groups: new Map(),
      weights: new Map(),
      configVersion: 0n,
      reconfigEnabled: false,
      standaloneEnabled: true,
      auth: { superDigest: null, digestAlgorithm: "sha1", saslPasswords: null },
      skipAcl: false,
      extendedTypesEnabled: false,
      containerCheckIntervalMs: 60000,
      containerMaxPerMinute: 10000,
      containerMaxNeverUsedIntervalMs: 0,
      clickHouse: false,
      enforceQuota: false,
      ephemeralBytesMax: 1048511,
      warnings: [],
    });
  });

  it("reads what is set", () => {
    const config = parse(
      [
        STANDALONE,
        "dataLogDir=/log",
        "clientPortAddress=127.0.0.1",
        "tickTime=2000",
        "maxSessionTimeout=90000",
        "4lw.commands.whitelist=ruok, stat,",
        "forceSync=no",
        "skipACL=yes",
        "leaderServes=no",
        "datadir.autocreate=false",
        "snapSizeLimitInKb=-1",
        "jute.maxbuffer=4194304",
        "DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=",
      ].join("\n"),
    );
    expect(config).toMatchObject({
      dataLogDir: "/log",
      clientPortAddress: "127.0.0.1",
      tickTimeMs: 2000,
      live: {
        minSessionTimeoutMs: 4000,
        maxSessionTimeoutMs: 90000,
        fourLetterWords: new Set(["ruok", "stat", "srvr"]),
      },
      forceSync: false,
      skipAcl: true,
      leaderServes: false,
      dataDirAutocreate: false,
      snapSizeLimitKb: -1,
      juteMaxBufferBytes: 4194304,
      auth: { superDigest: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=" },
      warnings: [],
    });
  });

  it("accepts keys with the prefix of system properties", () => {
    expect(parse(`${STANDALONE}zookeeper.snapCount=1000`).snapCount).toBe(1000);
  });

  it("expands '*' to all four-letter words", () => {
    const words = parse(`${STANDALONE}4lw.commands.whitelist=*`).live.fourLetterWords;
    expect(words.has("mntr") && words.has("wchp")).toBe(true);
  });

  it("treats a single server line as standalone", () => {
    const config = parse(`${STANDALONE}server.1=zk1:2888:3888`);
    expect(config.replicated).toBe(false);
    expect(config.servers.size).toBe(0);
  });

  it("warns about unknown keys with a suggestion, and about keys without effect", () => {
    const text = `${STANDALONE}tickTme=1\nfrobnicate=1\nserverCnxnFactory=x\nclientPort=2182`;
    const config = parse(text);
    expect(config.warnings).toEqual([
      "zoo.cfg:3: tickTme: unknown key is ignored; did you mean 'tickTime'?",
      "zoo.cfg:4: frobnicate: unknown key is ignored",
      "zoo.cfg:5: serverCnxnFactory: has no effect: it is not needed here",
      "zoo.cfg:6: clientPort: overrides the one on line 2",
    ]);
    expect(config.clientPort).toBe(2182);
  });

  it("says why a key that ZooKeeper uses has no effect here", () => {
    const keys = ["digest.enabled=false", "syncEnabled=true", "maxBatchSize=10"];
    expect(parse(STANDALONE + keys.join("\n")).warnings).toEqual([
      "zoo.cfg:3: digest.enabled: has no effect: they always have one",
      "zoo.cfg:4: syncEnabled: has no effect: always done",
      "zoo.cfg:5: maxBatchSize: has no effect: each sync takes all transactions that have gathered",
    ]);
  });

  it("purges unless the interval is 0, and says so then", () => {
    expect(parse(STANDALONE)).toMatchObject({ autopurgeEnabled: true, warnings: [] });
    const off = parse(`${STANDALONE}autopurge.purgeInterval=0`);
    expect(off.autopurgeEnabled).toBe(false);
    expect(off.warnings).toHaveLength(1);
  });

  it.each([
    ["", null],
    ["gz", "gz"],
    ["SNAPPY", "snappy"],
  ])("takes '%s' for a method of compression", (method, expected) => {
    const config = parse(`${STANDALONE}snapshot.compression.method=${method}`);
    expect(config.snapshotCompression).toBe(expected);
  });

  it("never purges below three snapshots", () => {
    const config = parse(`${STANDALONE}autopurge.snapRetainCount=1`);
    expect(config.autopurgeSnapRetainCount).toBe(3);
    expect(config.warnings).toHaveLength(1);
  });

  it.each([
    ["clientPort=1", "zoo.cfg: dataDir: expected a folder for the data to be set"],
    ["dataDir=", "zoo.cfg:1: dataDir: expected a folder for the data to be set, found ''"],
    [
      "dataDir=/d\ntickTime=2s",
      "zoo.cfg:2: tickTime: expected a whole number of ms, 1 or more, found '2s'",
    ],
    [
      "dataDir=/d\nclientPort=70000",
      "zoo.cfg:2: clientPort: expected a whole number from 0 to 65535, found '70000'",
    ],
    [
      "dataDir=/d\njute.maxbuffer=2000\nephemeralNodes.total.byte.limit=1937",
      "zoo.cfg:3: ephemeralNodes.total.byte.limit: expected at most 1936, 64 bytes below " +
        "jute.maxbuffer, found '1937'",
    ],
    ["dataDir=/d\nforceSync=on", "zoo.cfg:2: forceSync: expected true or false, found 'on'"],
    [
      "dataDir=/d\nminSessionTimeout=99999",
      "zoo.cfg:2: minSessionTimeout: expected minSessionTimeout (99999 ms) not to be above " +
        "maxSessionTimeout (60000 ms), found '99999'",
    ],
    [
      "dataDir=/d\nclientPortAddress=::1",
      "zoo.cfg:2: clientPortAddress: expected clientPort to be set as well, found '::1'",
    ],
    [
      "dataDir=/d\nsslQuorum=true",
      "zoo.cfg:2: sslQuorum: expected it to be false or no (TLS between servers is not supported yet)",
    ],
    [
      "dataDir=/d\ngroup.1=1:x",
      "zoo.cfg:2: group.1: expected server ids with ':' between them, found '1:x'",
    ],
    ["dataDir=/d\nstandaloneEnabled=false", /server\.N: expected at least one participant/u],
    ["dataDir=/d\nserver.1=a:1:2:observer", /at least two participants beside observers/u],
    ["dataDir=/d\nDigestAuthenticationProvider.superDigest=super:pw", /base64 of the sha1 hash/u],
    ["dataDir=/d\nensemble.operatorDigest=op:pw", /op:<base64 of the sha256 hash of op:password>/u],
  ])("refuses %j", (text, message) => {
    expect(failure(text)).toMatch(message);
  });

  it("accepts refused keys whose value asks for nothing", () => {
    expect(parse(`${STANDALONE}sslQuorum=false\nelectionAlg=3`).warnings).toEqual([]);
  });
});

describe("parseServerConfig() of a quorum", () => {
  it("knows the servers and which one it is", () => {
    const config = parse(QUORUM, { "/data/myid": "3\n" });
    expect([...config.servers.keys()]).toEqual([1n, 2n, 3n, 4n]);
    expect(config).toMatchObject({
      myId: 3n,
      replicated: true,
      clientPort: 2183,
      clientPortAddress: "127.0.0.1",
    });
  });

  it("takes a client part without host as every interface", () => {
    const config = parse(QUORUM, { "/data/myid": "2" });
    expect(config).toMatchObject({ clientPort: 2182, clientPortAddress: null });
  });

  it("takes the client port of the main file when the server line has none", () => {
    expect(parse(`${QUORUM}\nclientPort=2181`, { "/data/myid": "1" }).clientPort).toBe(2181);
  });

  it("runs one server as a quorum when standaloneEnabled is false", () => {
    const text = "dataDir=/d/\nstandaloneEnabled=false\ninitLimit=1\nsyncLimit=1\nserver.7=a:1:2";
    expect(parse(text, { "/d/myid": "7" })).toMatchObject({ replicated: true, myId: 7n });
  });

  it("reads groups and weights of a hierarchical quorum", () => {
    const config = parse(`${QUORUM}\ngroup.1=1:2\ngroup.5=3:4\nweight.2=0`, { "/data/myid": "1" });
    expect([...config.groups]).toEqual([
      [1n, [1n, 2n]],
      [5n, [3n, 4n]],
    ]);
    expect([...config.weights]).toEqual([
      [1n, 1n],
      [2n, 0n],
      [4n, 1n],
    ]);
    const partial = `${QUORUM}\ngroup.1=1:2`;
    expect(() => parse(partial, { "/data/myid": "1" })).toThrow(
      "zoo.cfg: server.N: expected server 4 in a group, as there are groups",
    );
  });

  it("reads the server lines of a dynamic file and its version", () => {
    const text =
      "dataDir=/d\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=/c/zoo.cfg.dynamic.10000000a";
    const dynamic = "server.1=a:1:2:participant;2181\nserver.2=b:1:2:participant;2181";
    const files = { "/d/myid": "1", "/c/zoo.cfg.dynamic.10000000a": dynamic };
    const config = parse(text, files);
    expect(config.configVersion).toBe(0x10000000an);
    expect(config.servers.size).toBe(2);
    expect(config.warnings).toEqual([expect.stringContaining("no failure is tolerated")]);
  });

  it.each([
    ["no myid", QUORUM, {}, "/data/myid: expected a file with this server's id"],
    ["a bad myid", QUORUM, { "/data/myid": "one" }, /^\/data\/myid:1: expected .*found 'one'$/u],
    [
      "a myid that is not in the list",
      QUORUM,
      { "/data/myid": "9" },
      "/data/myid:1: expected the id of a server in zoo.cfg (1, 2, 3, 4), found '9'",
    ],
    [
      "no initLimit",
      QUORUM.replace("initLimit=10", ""),
      { "/data/myid": "1" },
      "zoo.cfg: initLimit: expected it to be set",
    ],
    [
      "a bad server line",
      QUORUM.replace("zk1:2888:3888", "zk1:2888"),
      { "/data/myid": "1" },
      /^zoo\.cfg:4: server\.1: expected host:quorumPort/u,
    ],
    [
      "a server id twice",
      `${QUORUM}\nserver.01=zk9:2888:3888`,
      { "/data/myid": "1" },
      /^zoo\.cfg:8: server\.01: expected each server id once/u,
    ],
    [
      "a port twice",
      `${QUORUM}\nserver.9=ZK1:2889:3888`,
      { "/data/myid": "1" },
      /expected zk1:3888 to be used once \(it is also on line 4\)/u,
    ],
    [
      "several addresses",
      `${QUORUM}\nmultiAddress.enabled=true\nserver.9=a:1:2|b:1:2`,
      { "/data/myid": "1" },
      /server\.9: expected one address \(more are not supported yet\)/u,
    ],
    [
      "a client port that contradicts the server line",
      `${QUORUM}\nclientPort=2181`,
      { "/data/myid": "3" },
      /clientPort: expected the port of this server's line \(127\.0\.0\.1:2183\)/u,
    ],
    [
      "server lines beside a dynamic file",
      `${QUORUM}\ndynamicConfigFile=dyn`,
      { "/data/myid": "1", dyn: "" },
      "zoo.cfg:4: server.1: expected server lines only in the dynamic file dyn",
    ],
    [
      "other keys in a dynamic file",
      "dataDir=/d\ndynamicConfigFile=dyn",
      { dyn: "tickTime=1" },
      "dyn:1: tickTime: expected nothing but server.N, group.N and weight.N lines in a dynamic file",
    ],
    [
      "a missing dynamic file",
      "dataDir=/d\ndynamicConfigFile=dyn",
      {},
      "zoo.cfg:2: dynamicConfigFile: expected a file that exists, found 'dyn'",
    ],
  ])("refuses %s", (_, text, files, message) => {
    expect(failure(text, files as Record<string, string>)).toMatch(message);
  });

  it("lets the server line win over peerType, and says so", () => {
    const files = { "/data/myid": "1" };
    expect(parse(`${QUORUM}\npeerType=participant`, files).warnings).toEqual([]);
    expect(parse(`${QUORUM}\npeerType=observer`, files).warnings).toEqual([
      "zoo.cfg: peerType: is observer, but the server line says participant and counts",
    ]);
  });
});

describe("CONFIG_KEYS", () => {
  it("has each key once, and a reason for every key that is not used", () => {
    const names = CONFIG_KEYS.flatMap((key) => [key.name, ...(key.aliases ?? [])]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const key of CONFIG_KEYS) {
      expect([key.name, (key.support ?? "used") !== "used"]).toEqual([
        key.name,
        key.reason !== undefined,
      ]);
    }
  });

  it("prefers an exact key to its family", () => {
    expect(findConfigKey("quorum.auth.enableSasl")?.support).toBe("refused");
    expect(findConfigKey("quorum.auth.kerberos.servicePrincipal")?.support).toBe("noEffect");
    expect(findConfigKey("quorumAuth")).toBeNull();
  });
});
