/**
 * Plants each defect and looks for the seed that notices it:
 *
 *     npm run sim:defects -- [--only NAME] [--seeds 200] [--threads 2] [--write]
 *
 * With --write the table in docs/proof.md is made anew. Exits with 1 when a defect was not noticed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { projectRoot } from "../../machine/substitution.ts";
import { catchMutation } from "./catch.ts";
import type { Catch } from "./catch.ts";
import type { Mutation } from "./mutation.ts";
import { mutations } from "./mutations.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seeds: { type: "string", default: "200" },
    threads: { type: "string", default: "2" },
    write: { type: "boolean", default: false },
  },
});

const begin = "<!-- defects: written by 'npm run sim:defects -- --write' -->";
const end = "<!-- end of defects -->";

const chosen = mutations.filter(
  ({ name }) => values.only === undefined || values.only.split(",").includes(name),
);
const found = new Map<Mutation, Catch | undefined>();
const waiting = [...chosen];

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const caught = await catchMutation(next, Number(values.seeds));
    found.set(next, caught);
    const outcome = caught === undefined ? "NOT NOTICED" : `seed ${caught.seeds}: ${caught.rule}`;
    console.log(`${next.name}: ${outcome}`);
  }
}

function row(mutation: Mutation): string {
  const caught = found.get(mutation);
  const { defect, seenIn } = mutation;
  return `| ${defect} | ${seenIn} | ${caught?.seeds ?? "never"} | ${caught?.rule ?? ""} |`;
}

function writeTable(): void {
  const file = `${projectRoot}docs/proof.md`;
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table`);
  const head =
    "| Defect | Seen in | Seeds | Rule that was found broken |\n| --- | --- | --- | --- |";
  const table = [begin, "", head, ...chosen.map(row), "", ""].join("\n");
  writeFileSync(file, text.slice(0, from) + table + text.slice(to));
}

await Promise.all(Array.from({ length: Number(values.threads) }, work));
if (values.write && values.only === undefined) writeTable();
const missed = [...found.values()].filter((caught) => caught === undefined).length;
console.log(`${found.size - missed} of ${found.size} defects noticed`);
process.exitCode = missed === 0 ? 0 : 1;
