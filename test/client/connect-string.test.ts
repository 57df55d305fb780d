/** Connection strings, right and wrong. */
import { describe, expect, test } from "vitest";
import { Chroot } from "../../src/client/chroot.ts";
import { ZkError, formatServer, parseConnectString } from "../../src/client/index.ts";

describe("parseConnectString()", () => {
  test.each([
    ["zk1", [["zk1", 2181]], ""],
    [
      "zk1:1,zk2:65535",
      [
        ["zk1", 1],
        ["zk2", 65535],
      ],
      "",
    ],
    [
      "zk1:1, zk2/app",
      [
        ["zk1", 1],
        ["zk2", 2181],
      ],
      "/app",
    ],
    ["10.0.0.1:2181/", [["10.0.0.1", 2181]], ""],
    [
      "[::1]:2182,[fe80::1%eth0]/a/b",
      [
        ["::1", 2182],
        ["fe80::1%eth0", 2181],
      ],
      "/a/b",
    ],
    ["::1", [["::1", 2181]], ""],
    [
      "2001:db8::7,zk",
      [
        ["2001:db8::7", 2181],
        ["zk", 2181],
      ],
      "",
    ],
  ] as const)("takes '%s'", (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({
      servers: servers.map(([host, port]) => ({ host, port })),
      chroot,
    });
  });

  test.each([
    ["", "server ''"],
    ["zk1,,zk2", "server ''"],
    ["zk1:", "server 'zk1:': expected a port"],
    ["zk1:x", "server 'zk1:x': expected a port"],
    ["zk1:0", "server 'zk1:0': expected a port"],
    ["zk1:65536", "server 'zk1:65536': expected a port"],
    ["[::1:2181", "server '[::1:2181': expected 'host'"],
    ["a:b:c", "server 'a:b:c': expected 'host'"],
    ["a b", "server 'a b': expected 'host'"],
    ["zk1/app/", "path '/app/': it ends with '/'"],
    ["zk1//app", "path '//app': it has an empty name"],
  ])("refuses '%s'", (text, reason) => {
    expect(() => parseConnectString(text)).toThrow(ZkError);
    expect(() => parseConnectString(text)).toThrow(reason);
  });

  test("formatServer() writes what it reads", () => {
    for (const text of ["zk1:1", "[::1]:2182"]) {
      expect(parseConnectString(text).servers.map(formatServer)).toEqual([text]);
    }
  });
});

describe("Chroot", () => {
  test.each([
    ["", "/", "/"],
    ["", "/a", "/a"],
    ["/app", "/", "/app"],
    ["/app", "/a/b", "/app/a/b"],
  ])("with '%s', '%s' is '%s' on the server, and back", (prefix, client, server) => {
    const chroot = new Chroot(prefix);
    expect(chroot.toServer(client)).toBe(server);
    expect(chroot.toClient(server)).toBe(client);
  });

  test("toClient() leaves a neighbour with the same start alone", () => {
    expect(new Chroot("/app").toClient("/apple")).toBe("/apple");
  });
});
