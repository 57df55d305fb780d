/**
 * Runs an operator as its pod does: with the command line and the environment of
 * `manifests/install.yaml`, and with the files of a service account where a container has them. For
 * that the process gets a mount namespace of its own, which takes a Linux that lets it. Access by
 * TLS ends before the fake API server, which speaks plain HTTP.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createServer } from "node:tls";
import type { Server } from "node:tls";
import { loadAll } from "js-yaml";
import { TestAuthority } from "../test/support/certificates.ts";

const MANIFEST = new URL("../manifests/install.yaml", import.meta.url);

/** Makes what is mounted in a pod, and becomes the command. */
const ENTER = [
  "mount -t tmpfs none /run",
  "mkdir -p /var/run/secrets/kubernetes.io",
  'cp -r "$0" /var/run/secrets/kubernetes.io/serviceaccount',
  'exec "$@"',
].join(" && ");

interface Deployment {
  readonly kind: "Deployment";
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [Container] } };
  };
}

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

/** How the operator's container is started. */
export interface OperatorCommand {
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Reads it from the manifest. */
export function readOperatorCommand(): OperatorCommand {
  const objects = loadAll(readFileSync(MANIFEST, "utf8")) as { readonly kind: string }[];
  const deployment = objects.find((one): one is Deployment => one.kind === "Deployment");
  if (deployment === undefined) throw new Error("Expected a Deployment in manifests/install.yaml");
  const [{ command, env }] = deployment.spec.template.spec.containers;
  const values = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  return {
    nodeFlags: command.filter((word) => word.startsWith("--")),
    env: Object.fromEntries(values) as Record<string, string>,
  };
}

/** What pods find of an API server: where it is, whom to trust, and a token. */
export class PodAccess {
  readonly #folder: string;
  readonly #front: Server;

  private constructor(folder: string, front: Server) {
    this.#folder = folder;
    this.#front = front;
  }

  /** Begins to pass on to the API server at `url`; its files are put into `folder`. */
  static async open(url: string, folder: string): Promise<PodAccess> {
    const authority = new TestAuthority();
    const credentials = authority.issue({
      subject: { CN: "kube-apiserver" },
      addresses: ["127.0.0.1"],
    });
    const files = path.join(folder, "service-account");
    mkdirSync(files, { recursive: true });
    writeFileSync(path.join(files, "ca.crt"), authority.credentials.cert);
    writeFileSync(path.join(files, "token"), "of nobody");
    const { hostname, port } = new URL(url);
    const front = createServer(credentials, (client) => {
      const server = connect(Number(port), hostname);
      client.pipe(server).pipe(client);
      client.on("error", () => server.destroy()).on("close", () => server.destroy());
      server.on("error", () => client.destroy()).on("close", () => client.destroy());
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    return new PodAccess(files, front);
  }

  /** Starts a program as in a pod; its process is the child itself. */
  spawn(command: readonly string[], env: NodeJS.ProcessEnv, log: number): ChildProcess {
    const { port } = this.#front.address() as AddressInfo;
    const args = ["--map-root-user", "--mount", "sh", "-c", ENTER, this.#folder, ...command];
    return spawn("unshare", args, {
      env: {
        ...env,
        // Without a kubeconfig.
        HOME: "/",
        KUBECONFIG: undefined,
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: String(port),
      },
      stdio: ["ignore", log, log],
    });
  }

  close(): void {
    this.#front.close();
  }
}
