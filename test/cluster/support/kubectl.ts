/**
 * The programs of the test cluster, as a person at a terminal would call them: `kubectl` is the
 * client that everybody has, so what it says is what is tested.
 */
import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { cachedPath } from "../../compat/support/cache.ts";

/** Where the recipe in `kubernetes/` keeps what it builds, and the cluster that runs. */
export const CLUSTER_HOME = process.env["CLUSTER_HOME"] ?? cachedPath("cluster");

const KUBECONFIG = join(CLUSTER_HOME, "kubeconfig");

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** What a program said, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with the cluster's programs first in the path; an exit code is no exception. */
export function run(program: string, args: readonly string[], input = ""): Promise<Ran> {
  const path = [join(CLUSTER_HOME, "bin"), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, PATH: path, CLUSTER_HOME, KUBECONFIG };
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: OUTPUT_BYTES_MAX };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`${program} could not be run to its end`, { cause: error }));
    });
    // A program that ends without reading its input has said why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** As `run()`, for what must succeed; answers what the program printed. */
export async function must(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, input);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
}

/** `kubectl` with arguments as at a terminal, separated by single blanks. */
export function kubectl(line: string, input?: string): Promise<string> {
  return must("kubectl", line.split(" "), input);
}

/** Applies objects on the server's side; throws with the API server's words if it refuses. */
export function apply(...objects: readonly object[]): Promise<string> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  return kubectl("apply --server-side -f -", JSON.stringify(list));
}

/** What `kubectl get … -o json` prints, as an object. */
export async function get<T = Record<string, unknown>>(what: string): Promise<T> {
  return JSON.parse(await kubectl(`get ${what} -o json`)) as T;
}
