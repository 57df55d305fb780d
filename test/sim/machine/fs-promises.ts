/** In the place of `node:fs/promises` for simulated processes: the part of it that is used. */
import { systemError } from "./disk.ts";
import { operations } from "./file-operations.ts";
import type { FileOperations } from "./file-operations.ts";
import {
  contentOf,
  openFile,
  readFrom,
  resizeFile,
  syncFile,
  systemFile,
  writeTo,
} from "./open-file.ts";

/** An open file or folder. */
class SimFileHandle {
  readonly fd: number;
  readonly #all: FileOperations;

  constructor(all: FileOperations, fd: number) {
    this.#all = all;
    this.fd = fd;
  }

  async read(
    target: Buffer,
    offset = 0,
    length = target.length - offset,
    at: number | null = null,
  ): Promise<{ bytesRead: number; buffer: Buffer }> {
    const slice = target.subarray(offset, offset + length);
    const bytesRead = await this.#do("read", () => readFrom(this.#file, slice, at));
    return { bytesRead, buffer: target };
  }

  async write(
    bytes: Buffer,
    offset = 0,
    length = bytes.length - offset,
    at: number | null = null,
  ): Promise<{ bytesWritten: number; buffer: Buffer }> {
    const slice = bytes.subarray(offset, offset + length);
    const bytesWritten = await this.#do("change", () => writeTo(this.#file, slice, at));
    return { bytesWritten, buffer: bytes };
  }

  async writeFile(content: string | Buffer): Promise<void> {
    await this.write(Buffer.from(content as string));
  }

  stat(): Promise<{ size: number }> {
    return this.#do("read", () => ({ size: contentOf(this.#file).size }));
  }

  truncate(size = 0): Promise<void> {
    return this.#do("change", () => resizeFile(this.#file, size));
  }

  sync(): Promise<void> {
    return this.#do("sync", () => syncFile(this.#file));
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  close(): Promise<void> {
    return this.#do("read", () => this.#all.close(this.fd));
  }

  get #file() {
    return this.#all.get(this.fd);
  }

  #do<T>(kind: "read" | "change" | "sync", effect: () => T): Promise<T> {
    return this.#all.promise(kind, effect);
  }
}

export function open(path: string, flags: string | number = "r"): Promise<SimFileHandle> {
  const all = operations();
  return all.promise("change", () => {
    return new SimFileHandle(all, all.open(openFile(all.disk, path, flags)));
  });
}

export function readFile(path: string, encoding?: string): Promise<Buffer | string> {
  const all = operations();
  const system = systemFile(path);
  return all.promise("read", () => {
    const bytes = Buffer.from((system ?? all.disk.file(path, "open")).bytes);
    return encoding === undefined ? bytes : bytes.toString("utf8");
  });
}

export function readdir(path: string): Promise<string[]> {
  const all = operations();
  return all.promise("read", () => all.disk.namesIn(path));
}

export function rename(from: string, to: string): Promise<void> {
  const all = operations();
  return all.promise("change", () => all.disk.rename(from, to));
}

export function unlink(path: string): Promise<void> {
  const all = operations();
  return all.promise("change", () => all.disk.remove(path));
}

export function rm(path: string, { force = false } = {}): Promise<void> {
  const all = operations();
  return all.promise("change", () => {
    if (force && all.disk.find(path) === undefined) return;
    all.disk.remove(path);
  });
}

export function mkdir(path: string): Promise<void> {
  const all = operations();
  return all.promise("change", () => all.disk.makeFolder(path));
}

export function access(path: string): Promise<void> {
  const all = operations();
  return all.promise("read", () => {
    if (all.disk.find(path) === undefined) throw systemError("ENOENT", "access", path);
  });
}

export function writeFile(path: string, content: string): Promise<void> {
  const all = operations();
  return all.promise("change", () => {
    writeTo(openFile(all.disk, path, "w"), Buffer.from(content), null);
  });
}

/** Who may read what is no matter of the simulation. */
export function chmod(path: string): Promise<void> {
  return access(path);
}

export function stat(path: string): Promise<{ size: number; mode: number }> {
  const all = operations();
  return all.promise("read", () => ({ size: all.disk.file(path, "stat").size, mode: 0o644 }));
}
