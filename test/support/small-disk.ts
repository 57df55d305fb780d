/**
 * A real file system of a few MiB that a test may fill to the last byte. Mounting takes root on
 * Linux; where it is not allowed the tests that need it are skipped, loudly.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { fillDisk } from "./fill-disk.ts";

export interface SmallDisk {
  readonly folder: string;
  /** Takes all the space there is. */
  fill(): void;
  /** Gives the space back that `fill` took. */
  empty(): void;
  /** Makes the disk larger, as an administrator would. */
  grow(bytes: number): void;
}

/** Mounts one; to be called within a test, at whose end it goes away. */
export function smallDisk(bytes: number): SmallDisk {
  const folder = mount(bytes);
  onTestFinished(() => {
    unmount(folder);
  });
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => fillDisk(ballast),
    empty: () => rmSync(ballast),
    grow: (size) => spawnSync("mount", ["-o", `remount,size=${size}`, folder]),
  };
}

/** As `describe`, where file systems may be mounted. */
export function describeWithSmallDisks(name: string, body: () => void): void {
  let reason = "";
  try {
    unmount(mount(1024 * 1024));
  } catch (error) {
    reason = (error as Error).message;
  }
  if (reason === "") {
    describe(name, body);
    return;
  }
  console.error(`SKIPPED: ${name}: ${reason}`);
  describe.skip(`${name} (${reason})`, body);
}

function mount(bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "ensemble-small-disk-"));
  const options = `size=${bytes}`;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  if (status !== 0) {
    rmdirSync(folder);
    throw new Error("no file system may be mounted here");
  }
  return folder;
}

function unmount(folder: string): void {
  // Lazily: a server that is only just ending may still have a file open.
  spawnSync("umount", ["--lazy", folder]);
  rmdirSync(folder);
}
