/**
 * The resizer that comes with a driver of volumes, for those of the test cluster, which have no size
 * of their own: it makes the volume of each claim that asks for more as large as that, and says
 * that the file system is still to grow. The kubelet sees to that, as it does for real volumes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClaimSeen, EnsembleOnCluster } from "./ensemble-on-cluster.ts";
import { kubectl } from "./kubectl.ts";

const LOOK_EVERY_MS = 200;

/** Sees to the claims of one ensemble. */
export class Resizer {
  readonly #ensemble: EnsembleOnCluster;
  readonly #run: Promise<void>;
  #isStopping = false;

  /** Begins. */
  constructor(ensemble: EnsembleOnCluster) {
    this.#ensemble = ensemble;
    this.#run = this.#resize();
    // What went wrong is looked at in the end; until then it is no unhandled rejection.
    this.#run.catch(() => undefined);
  }

  /** Ends it. @throws what went wrong. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#run;
  }

  async #resize(): Promise<void> {
    while (!this.#isStopping) {
      for (const claim of await this.#ensemble.claims()) {
        if (isShort(claim)) await this.#enlarge(claim);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #enlarge({ metadata, spec }: ClaimSeen): Promise<void> {
    const { namespace } = this.#ensemble;
    const { storage } = spec.resources.requests;
    await patch(`pv ${spec.volumeName ?? ""}`, { spec: { capacity: { storage } } });
    const condition = {
      type: "FileSystemResizePending",
      status: "True",
      lastTransitionTime: new Date().toISOString(),
    };
    await patch(`pvc ${metadata.name} -n ${namespace} --subresource=status`, {
      status: {
        allocatedResources: { storage },
        allocatedResourceStatuses: { storage: "NodeResizePending" },
        conditions: [condition],
      },
    });
    // The kubelet looks at a pod about once a minute, and at once when something of it changes.
    const pod = metadata.name.slice(metadata.name.indexOf("-") + 1);
    await kubectl(`annotate pod ${pod} -n ${namespace} --overwrite resized=${storage}`);
  }
}

/** Whether a claim asks for more than it has, and nobody has seen to that yet. */
function isShort({ spec, status }: ClaimSeen): boolean {
  const { capacity, allocatedResourceStatuses } = status;
  const isUnderWay = allocatedResourceStatuses?.storage !== undefined;
  return (
    capacity !== undefined && capacity.storage !== spec.resources.requests.storage && !isUnderWay
  );
}

/** @param change - without blanks. */
async function patch(what: string, change: object): Promise<void> {
  await kubectl(`patch ${what} --type=merge -p ${JSON.stringify(change)}`);
}
