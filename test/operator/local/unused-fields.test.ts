import { describe, expect, it } from "vitest";
import { defaultSpec, findUnusedFields } from "../../../src/operator/index.ts";

describe("findUnusedFields()", () => {
  it("finds nothing in what 'ensemble up' does, nor in defaults", () => {
    const spec = { ...defaultSpec(), replicas: 5, config: { tickTime: "2000" } };
    expect(findUnusedFields(spec)).toEqual([]);
  });

  it("names each field that is not its default", () => {
    const spec = defaultSpec();
    expect(
      findUnusedFields({
        ...spec,
        observers: 1,
        version: "1.2.3",
        storage: { ...spec.storage, size: "20Gi", logVolume: { size: "1Gi" } },
        tls: { quorum: { secretName: "certificates" } },
        bootstrap: { restore: { backup: "monday" } },
        paused: true,
      }).sort(),
    ).toEqual([
      "spec.bootstrap.restore",
      "spec.observers",
      "spec.paused",
      "spec.storage.logVolume",
      "spec.storage.size",
      "spec.tls.quorum",
      "spec.version",
    ]);
  });
});
