/**
 * The cache folder outside the checkout, where the real peers (Apache ZooKeeper's jars, a Python
 * environment with kazoo) are installed once and found again by later runs. An entry is built in a
 * folder of its own and then renamed into place, so an entry that exists is complete, and two runs
 * that build the same one at the same time both end up with a good one.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

/** `$ENSEMBLE_CACHE`, else `$XDG_CACHE_HOME/ensemble`, else `~/.cache/ensemble`. */
export function cacheFolder(): string {
  const own = process.env["ENSEMBLE_CACHE"];
  if (own !== undefined && own !== "") {
    return path.resolve(own);
  }
  const xdg = process.env["XDG_CACHE_HOME"];
  const base = xdg !== undefined && xdg !== "" ? xdg : path.join(homedir(), ".cache");
  return path.resolve(base, "ensemble");
}

/** Where the cache entry `name` is or would be. */
export function cachedPath(name: string): string {
  return path.join(cacheFolder(), name);
}

/** Whether the cache entry `name` has been built. */
export function isCached(name: string): boolean {
  return existsSync(cachedPath(name));
}

/**
 * Returns the folder of cache entry `name`, calling `build` to fill it when it does not exist.
 * `build` gets an empty folder that is renamed afterwards, so what it writes must be relocatable.
 * Whatever `build` throws is passed on, and leaves nothing behind.
 */
export async function installOnce(
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const target = cachedPath(name);
  if (existsSync(target)) {
    return target;
  }
  await mkdir(cacheFolder(), { recursive: true });
  const building = await mkdtemp(path.join(cacheFolder(), `.building-${name}-`));
  try {
    await build(building);
    await rename(building, target);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    // Another run may have finished the same entry first: then its folder is as good as ours.
    if (isTargetTaken(error) && existsSync(target)) {
      return target;
    }
    throw error;
  }
  return target;
}

function isTargetTaken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOTEMPTY" || code === "EEXIST";
}
