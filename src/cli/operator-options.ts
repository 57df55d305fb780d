/** What `ensemble operator` is given: by the process that it runs in, and on the command line. */
import type { Logger } from "../observe/index.ts";

/** What the command needs from the process that it runs in. */
export interface OperatorDeps {
  readonly createLogger: (options: {
    readonly file: string | null;
    readonly level: string;
  }) => Logger;
  /** Calls the handler at each Ctrl-C or SIGTERM from now on. */
  readonly onStopSignal: (handler: () => void) => void;
  /** Says where a kubeconfig is, or that this is a pod. */
  readonly env: Readonly<Partial<Record<string, string>>>;
  /** The name of this pod, or of this machine. */
  readonly host: string;
  /** The namespace of this pod; null outside a cluster. */
  readonly podNamespace: string | null;
}

/** The command's flags. */
export interface OperatorFlags {
  readonly image: string;
  readonly namespace: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseNamespace?: string;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly logLevel: string;
}
