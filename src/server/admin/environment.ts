/**
 * What a server runs on, under the names of ZooKeeper's environment report. The Java properties
 * tell of Node.js, which is in Java's place; those without a counterpart are empty.
 */
import os from "node:os";
import path from "node:path";
import { versionText } from "./server-facts.ts";

/** Names and values in ZooKeeper's order. */
export function describeEnvironment(): readonly (readonly [name: string, value: string])[] {
  const { heapTotal, heapUsed } = process.memoryUsage();
  const user = describeUser();
  return [
    ["zookeeper.version", versionText],
    ["host.name", os.hostname()],
    ["java.version", process.version],
    ["java.vendor", "Node.js"],
    ["java.home", path.dirname(process.execPath)],
    ["java.class.path", ""],
    ["java.library.path", ""],
    ["java.io.tmpdir", os.tmpdir()],
    ["java.compiler", "<NA>"],
    ["os.name", os.type()],
    ["os.arch", os.arch() === "x64" ? "amd64" : os.arch()],
    ["os.version", os.release()],
    ["user.name", user.username],
    ["user.home", user.homedir],
    ["user.dir", process.cwd()],
    ["os.memory.free", formatMegabytes(heapTotal - heapUsed)],
    ["os.memory.max", formatMegabytes(os.totalmem())],
    ["os.memory.total", formatMegabytes(heapTotal)],
  ];
}

function describeUser(): { readonly username: string; readonly homedir: string } {
  try {
    return os.userInfo();
  } catch {
    // In a container the user may be a number without a name; Java prints the same then.
    return { username: "?", homedir: "?" };
  }
}

function formatMegabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024 / 1024))}MB`;
}
