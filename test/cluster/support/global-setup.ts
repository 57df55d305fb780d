/**
 * One cluster for a whole run of the suite: built if need be, started before the first test and
 * gone after the last, whatever they leave behind; with the images that the tests install.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CLUSTER_HOME } from "./kubectl.ts";
import { WHICH_CLUSTER } from "./which-cluster.ts";

const RECIPE = fileURLToPath(new URL("../kubernetes/", import.meta.url));
const CHECKOUT = fileURLToPath(new URL("../../../", import.meta.url));
const NEXT_VERSION = fileURLToPath(new URL("../next-version/", import.meta.url));

/** Called by Vitest; answers what to call in the end. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (WHICH_CLUSTER === "running" || WHICH_CLUSTER === "none") return undefined;
  const flags = WHICH_CLUSTER === "api" ? ["--control-plane-only"] : [];
  const down = (): Promise<void> => script("down.sh");
  try {
    await script("build.sh", ...flags);
    await script("up.sh", ...flags);
    if (WHICH_CLUSTER === "node") {
      await script("image.sh", CHECKOUT, "ensemble:0.1.0");
      await script("image.sh", NEXT_VERSION, "ensemble:0.1.1");
    }
  } catch (error) {
    await down();
    throw error;
  }
  return down;
}

/** Runs a script of the recipe; what it says goes where the tests' output goes. */
async function script(name: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(`${RECIPE}${name}`, args, {
    env: { ...process.env, CLUSTER_HOME },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve(exitCode ?? signal));
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
}
