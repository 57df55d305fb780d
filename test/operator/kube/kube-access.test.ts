/** Where an operator finds its API server: as in a pod, and with a kubeconfig. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findKubeAccess } from "../../../src/operator/kube/index.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kube-access-"));
  await writeFile(join(folder, "token"), "secret");
  await writeFile(join(folder, "ca.crt"), "first");
});

afterEach(() => rm(folder, { recursive: true }));

const pod = {
  HOME: "/nowhere",
  KUBERNETES_SERVICE_HOST: "10.0.0.1",
  KUBERNETES_SERVICE_PORT: "6443",
};

test("a pod finds the server by its environment, and its files as they are now", async () => {
  const access = await findKubeAccess(pod, folder);
  expect(access.getCurrentCluster()).toEqual({ server: "https://10.0.0.1:6443" });
  const tokenFile = join(folder, "token");
  expect(access.getCurrentUser()).toMatchObject({ authProvider: { config: { tokenFile } } });
  await writeFile(join(folder, "ca.crt"), "second");
  const options: RequestOptions = {};
  await access.applyToHTTPSOptions(options);
  expect(String(options.ca)).toBe("second");
});

test("a pod finds a server with an IPv6 address", async () => {
  const env = { ...pod, KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: undefined };
  const access = await findKubeAccess(env, folder);
  expect(access.getCurrentCluster()).toEqual({ server: "https://[fd00::1]:443" });
});

test("a kubeconfig comes first, also in a pod", async () => {
  const file = join(folder, "config");
  const kubeconfig = {
    clusters: [{ name: "here", cluster: { server: "https://example.com" } }],
    users: [{ name: "me", user: {} }],
    contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
    "current-context": "here",
  };
  await writeFile(file, JSON.stringify(kubeconfig));
  const before = process.env["KUBECONFIG"];
  process.env["KUBECONFIG"] = file;
  try {
    const access = await findKubeAccess({ ...pod, KUBECONFIG: file }, folder);
    expect(access.getCurrentCluster()?.server).toBe("https://example.com");
  } finally {
    if (before === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = before;
  }
});
