import { describe, expect, it } from "vitest";
import { defaultSpec, findUnusedFields } from "../../../src/operator/index.ts";

describe("findUnusedFields()", () => {
  it("finds nothing in what 'ensemble up' does, nor in defaults", () => {
    const spec = { ...defaultSpec(), replicas: 5, observers: 2, config: { tickTime: "2000" } };
    const retention = { whenScaled: "Delete", whenDeleted: "Retain" } as const;
    const storage = { ...spec.storage, retention };
    expect(findUnusedFields({ ...spec, storage })).toEqual([]);
  });

  it("names each field that is not its default", () => {
    const spec = defaultSpec();
    expect(
      findUnusedFields({
        ...spec,
        version: "1.2.3",
        storage: { ...spec.storage, size: "20Gi", logVolume: { size: "1Gi" } },
        hibernated: true,
        tls: { quorum: { secretName: "certificates" } },
        bootstrap: { restore: { backup: "monday" } },
        paused: true,
        recovery: { survivor: 1, ensembleUid: "a", zxid: "0x1", acceptDataLoss: true },
      }).sort(),
    ).toEqual([
      "spec.bootstrap.restore",
      "spec.hibernated",
      "spec.paused",
      "spec.recovery",
      "spec.storage.logVolume",
      "spec.storage.size",
      "spec.tls.quorum",
      "spec.version",
    ]);
  });
});
