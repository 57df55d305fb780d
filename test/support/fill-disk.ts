/** Fills a file system to its last byte, as a disk that runs full. */
import { writeFileSync } from "node:fs";
import { errnoOf } from "../../src/storage/storage-error.ts";

/** Lets `file` grow until nothing more fits. */
export function fillDisk(file: string): void {
  for (let step = 1024 * 1024; step >= 1; step = step >> 1) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(step), { flag: "a" });
    } catch (error) {
      if (errnoOf(error) !== "ENOSPC") throw error;
    }
  }
}
