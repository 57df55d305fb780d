import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  readEnsembleState,
  writeEnsembleState,
} from "../../../src/operator/local/ensemble-state.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const STATE = {
  version: 1,
  namespace: "default",
  name: "demo",
  bootstrappedReplicas: 1,
  members: [{ id: 1, clientPort: 1, quorumPort: 2, electionPort: 3 }],
} as const;

describe("readEnsembleState()", () => {
  it("reads what was written, and nothing else is left", () => {
    const folder = temporaryFolder();
    const file = join(folder, "ensemble.json");
    expect(readEnsembleState(file)).toBeNull();
    writeEnsembleState(file, STATE);
    expect(readEnsembleState(file)).toEqual(STATE);
    expect(readdirSync(folder)).toEqual(["ensemble.json"]);
  });

  it.each([
    ["{", "valid JSON"],
    ["null", "what 'ensemble up' has written"],
    [JSON.stringify({ ...STATE, version: 2 }), "what 'ensemble up' has written"],
    [JSON.stringify({ ...STATE, members: [{ id: 2 }] }), "what 'ensemble up' has written"],
  ])("refuses %s", (text, message) => {
    const file = join(temporaryFolder(), "ensemble.json");
    writeFileSync(file, text);
    expect(() => readEnsembleState(file)).toThrow(`${file}: expected ${message}`);
  });
});
