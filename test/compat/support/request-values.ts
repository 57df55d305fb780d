/**
 * The values that random requests are made of: so few paths that requests meet often, and of
 * everything also what a server must refuse.
 */
import type { Acl } from "../../../src/wire/index.ts";

export const paths = [
  "/a",
  "/b",
  "/a/x",
  "/a/y",
  "/a/x/p",
  "/b/s-",
  "/c",
  "/c/k",
  "/a/x/p/q",
  "/é",
];
export const sequentialPaths = ["/a/s-", "/b/s-", "/a/x/", "/c/", "/s", "/nobody/s-"];
export const madePaths = [
  "/a/s-0000000000",
  "/a/s-0000000001",
  "/b/s-0000000001",
  "/a/x/0000000000",
];
export const systemPaths = [
  "/",
  "/zookeeper",
  "/zookeeper/quota",
  "/zookeeper/config",
  "/zookeeper/no",
];
export const badPaths = [
  "",
  "a",
  "/a/",
  "//",
  "/a//b",
  "/.",
  "/a/..",
  "/a/./b",
  "/\u0000",
  "/a/\u0001",
];
export const moreBadPaths = [
  "/a/\u007f",
  "/a/\u009f",
  "/\uf000",
  "/a/\ufff9",
  "/nobody/",
  "/c/k/",
  "/\ud83d\ude00",
];

export const everybody = { scheme: "world", id: "anyone" };
export const acls: readonly (readonly Acl[] | null)[] = [
  [{ perms: 31, id: { scheme: "auth", id: "" } }],
  [{ perms: 15, id: { scheme: "auth", id: "ignored" } }],
  [{ perms: 31, id: { scheme: "digest", id: "me:016djjlksVQS5RgX3M7biBGyYwY=" } }],
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.0/8" } }],
  [{ perms: 31, id: { scheme: "ip", id: "::1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "300.0.0.1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "10.0.0.0/33" } }],
  [{ perms: 31, id: { scheme: "digest", id: "nobody" } }],
  [{ perms: 31, id: { scheme: "digest", id: "a:b:c" } }],
  [{ perms: 31, id: { scheme: "unknown", id: "x" } }],
  [{ perms: 31, id: { scheme: "world", id: "someone" } }],
  [{ perms: 0, id: everybody }],
  [{ perms: 1, id: everybody }],
  [{ perms: 14, id: everybody }],
  [
    { perms: 31, id: everybody },
    { perms: 31, id: everybody },
    { perms: 1, id: { scheme: "auth", id: "" } },
  ],
  [],
  null,
];
export const datas = [Buffer.from("x"), Buffer.from("longer data"), Buffer.alloc(0), null];
export const versions = [-1, -1, -1, 0, 0, 1, 2, 7, -2];
export const ttls = [60_000n, 3_600_000n, 0n, -1n, 1n << 40n];

/** Below which there may be quotas. */
export const limitedPaths = ["", "/a", "/c"];
export const quotaLimits = [
  "count=3,bytes=30",
  "count=-1,bytes=-1;byteHardLimit=40;countHardLimit=4",
  "count=2,bytes=-1;byteHardLimit=-1;countHardLimit=-1",
  "count=-1,bytes=-1;byteHardLimit=-1;countHardLimit=2",
  "count=-1,bytes=-1",
  "nonsense",
];

/** `jute.maxbuffer` of both servers: small, so that requests of that size cost little. */
export const frameBytesMax = 65_536;

/** What `path` is called below `root`; what no run has for itself keeps its name. */
export function pathBelow(root: string, path: string): string {
  return path.startsWith("/") && !systemPaths.includes(path) ? root + path : path;
}
