import { describe, expect, it } from "vitest";
import { errorOfResponse } from "../../../src/operator/kube/kube-error.ts";

describe("errorOfResponse()", () => {
  // As Kubernetes 1.33 answers when an object is applied with the uid of a former one of its name.
  const refusal = (field: string) => ({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    message: `Pod "demo-0" is invalid: ${field}: Invalid value: "1": field is immutable`,
    reason: "Invalid",
    details: { name: "demo-0", kind: "Pod", causes: [{ reason: "FieldValueInvalid", field }] },
    code: 422,
  });

  it("takes an object of another identity for a conflict", () => {
    const { code } = errorOfResponse(
      "PATCH /",
      422,
      undefined,
      JSON.stringify(refusal("metadata.uid")),
    );
    expect(code).toBe("CONFLICT");
  });

  it("takes any other field that is refused for our mistake", () => {
    const { code } = errorOfResponse("PATCH /", 422, undefined, JSON.stringify(refusal("spec")));
    expect(code).toBe("INVALID");
  });
});
