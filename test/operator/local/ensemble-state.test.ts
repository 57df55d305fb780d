import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  newEnsembleState,
  readEnsembleState,
  writeEnsembleState,
} from "../../../src/operator/local/ensemble-state.ts";
import type { EnsembleState } from "../../../src/operator/local/ensemble-state.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const PORTS = { clientPort: 1, quorumPort: 2, electionPort: 3 };

const STATE: EnsembleState = {
  ...newEnsembleState("default", "demo"),
  phase: "Running",
  ensembleUid: "e-1",
  sizes: { members: 1, observers: 1 },
  membership: { voters: [1], observers: [101] },
  members: [
    { id: 1, ...PORTS },
    { id: 101, ...PORTS, adminPort: 4 },
  ],
};

const FIRST = {
  version: 1,
  namespace: "default",
  name: "demo",
  bootstrappedReplicas: 2,
  members: [
    { id: 1, ...PORTS },
    { id: 2, ...PORTS },
  ],
};

function read(value: unknown, mayFound: readonly number[] = []): EnsembleState | null {
  const file = join(temporaryFolder(), "ensemble.json");
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return readEnsembleState(file, (sid) => mayFound.includes(sid));
}

describe("readEnsembleState()", () => {
  it("reads what was written, and nothing else is left", () => {
    const folder = temporaryFolder();
    const file = join(folder, "ensemble.json");
    expect(readEnsembleState(file, () => false)).toBeNull();
    writeEnsembleState(file, STATE);
    expect(readEnsembleState(file, () => false)).toEqual(STATE);
    expect(readdirSync(folder)).toEqual(["ensemble.json"]);
  });

  it("takes a file of the first version for that of an ensemble that runs", () => {
    expect(read({ ...FIRST, ensembleId: "e-1" })).toEqual({
      ...newEnsembleState("default", "demo"),
      phase: "Running",
      ensembleUid: "e-1",
      sizes: { members: 2, observers: 0 },
      members: FIRST.members,
    });
    expect(read(FIRST)).toMatchObject({ phase: "Running", ensembleUid: null });
  });

  it("keeps a permission to form the ensemble that the first version had left", () => {
    expect(read(FIRST, [2])).toMatchObject({ phase: "Forming", founders: [2] });
    const begun = { ...FIRST, bootstrappedReplicas: null };
    expect(read(begun)).toMatchObject({ phase: null, founders: [], members: FIRST.members });
  });

  it.each([
    ["{", "valid JSON"],
    ["null", "what 'ensemble up' has written"],
    [{ ...STATE, version: 3 }, "what 'ensemble up' has written"],
    [{ ...STATE, members: [{ id: 2 }] }, "what 'ensemble up' has written"],
    [{ ...STATE, members: [...STATE.members, ...STATE.members] }, "what 'ensemble up' has"],
    [{ ...STATE, sizes: { members: -1, observers: 0 } }, "what 'ensemble up' has written"],
    [{ ...STATE, phase: "Stopped" }, "what 'ensemble up' has written"],
    [{ ...FIRST, bootstrappedReplicas: "2" }, "what 'ensemble up' has written"],
  ])("refuses %j", (value, message) => {
    expect(() => read(value)).toThrow(`ensemble.json: expected ${message}`);
  });
});
