import { expect, it } from "vitest";
import { formatTable } from "../../src/cli/table.ts";

it("formatTable() aligns columns and leaves no trailing blanks", () => {
  expect(formatTable(["ID", "ROLE"], [["1", "follower"], ["10"]])).toEqual([
    "ID  ROLE",
    "1   follower",
    "10",
  ]);
});
