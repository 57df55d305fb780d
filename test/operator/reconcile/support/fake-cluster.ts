/**
 * What Kubernetes does with StatefulSets, on the objects of a fake API server: pods with names,
 * revisions and claims come and go, run after a while, and are ready when their member serves. Each
 * `step()` is some hundred milliseconds of a cluster.
 */

import { createHash } from "node:crypto";
import { hashText } from "../../../../src/base/index.ts";
import type { FakeApiServer, Json, Stored } from "../../kube/support/fake-api-server.ts";
import type { FakeMembers } from "./fake-members.ts";

interface ClaimSpec extends Json {
  readonly resources: { readonly requests: { readonly storage: string } };
}

/** Lets StatefulSets have pods, and pods be members. */
export class FakeCluster {
  readonly #server: FakeApiServer;
  readonly #members: (ensemble: string) => FakeMembers;
  /** Whether a pod that is there has been taken for started. */
  readonly #started = new Map<string, { readonly ensemble: string; readonly sid: number }>();
  /** What was written on pods when their kubelets looked at their volumes last. */
  readonly #marks = new Map<string, unknown>();
  /** Whether file systems grow only when they are mounted anew. */
  growsUnmountedOnly = false;
  /** The address of a pod, by its number. */
  addressOf = (index: number): string => `10.0.0.${index}`;
  #addresses = 0;

  readonly #now: () => string;

  /** @param now - the time of day, as objects have it. */
  constructor(
    server: FakeApiServer,
    members: (ensemble: string) => FakeMembers,
    now: () => string,
  ) {
    this.#server = server;
    this.#members = members;
    this.#now = now;
  }

  step(): void {
    this.#orphan();
    this.#collect();
    for (const set of this.#server.all("statefulsets")) this.#follow(set);
    this.#reap();
    for (const pod of this.#server.all("pods")) this.#run(pod);
    for (const claim of this.#server.all("persistentvolumeclaims")) this.#grow(claim);
  }

  /** What is deleted without its pods goes when they do not refer to it any more. */
  #orphan(): void {
    for (const set of this.#server.all("statefulsets")) {
      const { deletionTimestamp, finalizers = [], name, namespace, uid } = set.metadata;
      if (deletionTimestamp === undefined || !(finalizers as unknown[]).includes("orphan"))
        continue;
      for (const pod of this.#server.all("pods")) {
        const owners = (pod.metadata["ownerReferences"] ?? []) as { uid: string }[];
        if (!owners.some((owner) => owner.uid === uid)) continue;
        const metadata = { ...pod.metadata, ownerReferences: [] };
        this.#server.patch("pods", pod, { metadata });
      }
      this.#server.remove("statefulsets", name, namespace);
    }
  }

  /** Children of what is gone go. */
  #collect(): void {
    const uids = new Set(
      ["ensembles", "statefulsets"].flatMap((kind) =>
        this.#server.all(kind).map(({ metadata }) => metadata.uid),
      ),
    );
    for (const kind of ["statefulsets", "configmaps", "secrets", "services", "pods"]) {
      for (const { metadata } of this.#server.all(kind)) {
        const owners = (metadata["ownerReferences"] ?? []) as { uid: string }[];
        const isOrphan = owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
        if (isOrphan) this.#server.remove(kind, metadata.name, metadata.namespace);
      }
    }
  }

  #follow(set: Stored): void {
    const spec = set["spec"] as {
      replicas: number;
      ordinals?: { start: number };
      template: { metadata: Json } & Json;
    };
    const start = spec.ordinals?.start ?? 0;
    const hash = createHash("sha256").update(JSON.stringify(spec.template)).digest("hex");
    const updateRevision = `${set.metadata.name}-${hash.slice(0, 10)}`;
    const observedGeneration = set.metadata["generation"];
    this.#server.patch("statefulsets", set, { status: { observedGeneration, updateRevision } });
    for (let ordinal = start; ordinal < start + spec.replicas; ordinal += 1) {
      const name = `${set.metadata.name}-${ordinal}`;
      const pod = this.#server.get("pods", name);
      if (pod !== undefined) {
        this.#adopt(pod, set);
        continue;
      }
      this.#claim(name, set);
      const labels = {
        ...(spec.template.metadata["labels"] as Json),
        "controller-revision-hash": updateRevision,
      };
      const ownerReferences = [{ kind: "StatefulSet", uid: set.metadata.uid }];
      const creationTimestamp = this.#now();
      this.#server.create("pods", {
        metadata: { name, namespace: "default", labels, ownerReferences, creationTimestamp },
        spec: spec.template["spec"],
        status: { phase: "Pending" },
      });
    }
    const pattern = new RegExp(`^${set.metadata.name}-([0-9]+)$`);
    for (const { metadata } of this.#server.all("pods")) {
      const ordinal = pattern.exec(metadata.name)?.[1];
      if (ordinal !== undefined && Number(ordinal) >= start + spec.replicas) {
        this.#server.remove("pods", metadata.name);
      }
    }
  }

  #adopt(pod: Stored, set: Stored): void {
    const owners = (pod.metadata["ownerReferences"] ?? []) as unknown[];
    if (owners.length > 0) return;
    const ownerReferences = [{ kind: "StatefulSet", uid: set.metadata.uid }];
    this.#server.patch("pods", pod, { metadata: { ...pod.metadata, ownerReferences } });
  }

  /** The claims of a new pod; one that is there already mounts its volume. */
  #claim(pod: string, set: Stored): void {
    const { selector, volumeClaimTemplates } = set["spec"] as {
      selector: { matchLabels: Json };
      volumeClaimTemplates: { metadata: { name: string }; spec: ClaimSpec }[];
    };
    for (const { metadata, spec } of volumeClaimTemplates) {
      const name = `${metadata.name}-${pod}`;
      const there = this.#server.get("persistentvolumeclaims", name);
      const capacity = ((there?.["spec"] ?? spec) as ClaimSpec).resources.requests;
      const status = { phase: "Bound", capacity };
      const labels = selector.matchLabels;
      const fields = { metadata: { name, namespace: "default", labels }, spec, status };
      if (there === undefined) this.#server.create("persistentvolumeclaims", fields);
      else this.#server.patch("persistentvolumeclaims", there, { status });
    }
  }

  /** A volume becomes what its claim asks for. */
  #grow(claim: Stored): void {
    const { resources } = claim["spec"] as ClaimSpec;
    const status = claim["status"] as Json & { capacity: Json; conditions?: unknown };
    if (status.capacity["storage"] === resources.requests.storage) return;
    if (!this.growsUnmountedOnly) {
      const grown = { ...status, capacity: resources.requests };
      this.#server.patch("persistentvolumeclaims", claim, { status: grown });
    } else if (status.conditions === undefined) {
      const type = "FileSystemResizePending";
      const conditions = [{ type, status: "True", lastTransitionTime: this.#now() }];
      this.#server.patch("persistentvolumeclaims", claim, { status: { ...status, conditions } });
    }
  }

  /** Members whose pod is gone, or another one by now, have ended; and so have their volumes. */
  #reap(): void {
    const pods = new Set(this.#server.all("pods").map(({ metadata }) => metadata.uid));
    for (const [uid, { ensemble, sid }] of this.#started) {
      if (pods.has(uid)) continue;
      this.#started.delete(uid);
      this.#members(ensemble).stop(sid);
      const pod = sid > 100 ? `${ensemble}-observers-${sid - 101}` : `${ensemble}-${sid - 1}`;
      const claim = this.#server.get("persistentvolumeclaims", `data-${pod}`);
      if (claim === undefined) this.#members(ensemble).forgetVolume(sid);
    }
  }

  #run(pod: Stored): void {
    const [, ensemble = "", set, ordinal] =
      /^(.+?)(-observers)?-([0-9]+)$/.exec(pod.metadata.name) ?? [];
    const sid = Number(ordinal) + (set === undefined ? 1 : 101);
    const members = this.#members(ensemble);
    const status = pod["status"] as { phase: string; podIP?: string };
    if (status.phase === "Pending") {
      this.#addresses += 1;
      const running = { phase: "Running", podIP: this.addressOf(this.#addresses) };
      this.#server.patch("pods", pod, { status: running });
      this.#started.set(pod.metadata.uid, { ensemble, sid });
      members.start(sid, this.#settingsOf(ensemble));
      return;
    }
    // A kubelet that looks only when the pod has changed.
    const mark = (pod.metadata["annotations"] as Json | undefined)?.["ensemble.dev/settings"];
    if (this.#marks.get(pod.metadata.uid) !== mark) members.mount(sid, this.#settingsOf(ensemble));
    this.#marks.set(pod.metadata.uid, mark);
    const ready = members.isServing(sid) ? "True" : "False";
    const conditions = [{ type: "Ready", status: ready }];
    this.#server.patch("pods", pod, { status: { ...status, conditions } });
  }

  #settingsOf(ensemble: string) {
    const data = this.#server.get("configmaps", `${ensemble}-config`)?.["data"] as
      { "zoo.cfg": string; founders?: string } | undefined;
    const uid = /^ensemble\.id=(.*)$/m.exec(data?.["zoo.cfg"] ?? "")?.[1] ?? "";
    const founders = data?.founders?.split(",").map(Number) ?? [];
    return { ensembleUid: uid, founders, digest: hashText(data?.["zoo.cfg"] ?? "") };
  }
}
