/**
 * Cuts the power of a server's disk between any two steps that it takes, and starts a server on
 * whatever a file system may show then: it must recover by itself to a state that contains all
 * that was acknowledged, invents nothing and has no gap, and its epochs must not go back. Some of
 * these starts are cut in their turn, and some go on to write. The server lives many lives, each
 * on what a cut of the one before has left.
 */
import { randomInt, seededRandom } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { MemoryFiles } from "../../support/memory-files.ts";
import type { DiskContents } from "../../support/memory-files.ts";
import { PowerCutDisk } from "../../support/power-cut-disk.ts";
import type { Survival } from "../../support/power-cut-disk.ts";
import { RecordingFiles } from "../../support/recording-files.ts";
import type { Step } from "../../support/recording-files.ts";
import { encodeToken, openStorage, recoverState } from "./disk-state.ts";
import type { StorageShape } from "./disk-state.ts";
import { ExpectedHistory, nextChain } from "./history.ts";
import type { Found, Note } from "./history.ts";
import { liveOnce } from "./server-life.ts";
import type { Defect, Recording } from "./server-life.ts";
import type { Workload } from "./workloads.ts";

export interface PowerCutOptions {
  readonly workload: Workload;
  readonly seed: number;
  /** Stops when so many cuts were made, after the life at hand. */
  readonly cuts: number;
  readonly defect?: Defect;
}

export interface PowerCutResult {
  /** Places between two steps of the disk at which the power was cut. */
  readonly cuts: number;
  /** Disks on which a server was started: several for each cut. */
  readonly starts: number;
  readonly lives: number;
}

/** A cut that a server did not survive. */
export class PowerCutFailure extends Error {
  override readonly name = "PowerCutFailure";
}

const actionsPerLife = 60;

/** Of starts, one in so many is cut in its turn, and one in so many goes on to write. */
const cutAgainEvery = 5;
const goOnEvery = 8;

/** @throws PowerCutFailure */
export async function cutPower(options: PowerCutOptions): Promise<PowerCutResult> {
  const { workload, seed, defect = {} } = options;
  const random = seededRandom(seed);
  const { shape, habits } = workload;
  const result = { cuts: 0, starts: 0, lives: 0 };
  let disk: DiskContents = new Map([["/", null]]);
  while (result.cuts < options.cuts) {
    const where = `${workload.name}, seed ${seed}, life ${result.lives}`;
    const life = { disk, random, shape, habits, actions: actionsPerLife, defect };
    let recording: Recording;
    try {
      recording = await liveOnce(life);
    } catch (error) {
      throw new PowerCutFailure(`${where}: ${String(error)}`, { cause: error });
    }
    const autopsy = new Autopsy({ where, random, shape: { ...shape, ...defect.shape } });
    disk = await autopsy.cutEverywhere(disk, recording, result);
    result.lives += 1;
  }
  return result;
}

interface AutopsyContext {
  readonly where: string;
  readonly random: Random;
  readonly shape: StorageShape;
}

/** Goes through a recorded life, step by step. */
class Autopsy {
  readonly #context: AutopsyContext;
  #startCount = 0;

  constructor(context: AutopsyContext) {
    this.#context = context;
  }

  /** Returns what the last cut left, for the next life. */
  async cutEverywhere(
    start: DiskContents,
    { steps, found }: Recording,
    result: { cuts: number; starts: number },
  ): Promise<DiskContents> {
    const disk = new PowerCutDisk(start);
    const expected = new ExpectedHistory(found);
    const { random } = this.#context;
    // A life ends anywhere: the next one begins on what was left there.
    const end = randomInt(random, steps.length >> 1, steps.length);
    let left = start;
    for (const [index, step] of steps.entries()) {
      if (index >= end) break;
      if (step.kind !== "note") {
        result.cuts += 1;
        left = await this.#cutOnce(disk, expected, { index, step });
      } else {
        expected.apply(step.note);
      }
      disk.apply(step);
    }
    result.starts += this.#startCount;
    return left;
  }

  /** Cuts before `step`, and starts on some of the disks that there may be then. */
  async #cutOnce(
    disk: PowerCutDisk,
    expected: ExpectedHistory,
    at: { readonly index: number; readonly step: Step<Note> },
  ): Promise<DiskContents> {
    const { random, where } = this.#context;
    const alternating: Survival = at.index % 2 === 0 ? "names" : "bytes";
    const kinds: readonly Survival[] = disk.isAllDurable
      ? ["nothing"]
      : ["nothing", "everything", alternating, "some"];
    let contents: DiskContents = new Map();
    for (const survival of kinds) {
      contents = disk.cut(survival, random);
      const place = `${where}, cut before step ${at.index} (${describe(at.step)}), ${survival}`;
      try {
        await this.#startOn(contents, expected);
      } catch (error) {
        throw new PowerCutFailure(`${place}: ${String(error)}`, { cause: error });
      }
    }
    return contents;
  }

  async #startOn(contents: DiskContents, expected: ExpectedHistory): Promise<void> {
    this.#startCount += 1;
    const isCutAgain = this.#startCount % cutAgainEvery === 0;
    const goesOn = this.#startCount % goOnEvery === 1;
    const steps = await this.#recover(contents, expected, goesOn);
    if (!isCutAgain) return;
    this.#startCount += 1;
    const { random } = this.#context;
    const disk = new PowerCutDisk(contents);
    const count = randomInt(random, 0, steps.length + 1);
    for (const step of steps.slice(0, count)) disk.apply(step);
    await this.#recover(disk.cut("some", random), expected, false);
  }

  /** Returns the steps that the start took. */
  async #recover(
    contents: DiskContents,
    expected: ExpectedHistory,
    goesOn: boolean,
  ): Promise<readonly Step<Note>[]> {
    const recorder = new RecordingFiles<Note>(
      new MemoryFiles(contents),
      new PowerCutDisk(contents).ids,
    );
    const storage = await openStorage(recorder, this.#context.shape);
    const found = await recoverState(storage);
    const violation = expected.violation(found);
    if (violation !== null) throw new Error(violation);
    const recovered = recorder.steps.length;
    if (!goesOn) return recorder.steps;
    // What is written from now on is kept as well, whatever was on the disk.
    const added = encodeToken(found.zxid + 1n, 1, 8);
    storage.append(found.zxid + 1n, added);
    await storage.sync();
    await this.#expectAdded(contents, recorder.steps, found);
    return recorder.steps.slice(0, recovered);
  }

  async #expectAdded(
    contents: DiskContents,
    steps: readonly Step<Note>[],
    before: Found,
  ): Promise<void> {
    const disk = new PowerCutDisk(contents);
    for (const step of steps) disk.apply(step);
    const files = new MemoryFiles(disk.cut("nothing", this.#context.random));
    const storage = await openStorage(files, this.#context.shape);
    const found = await recoverState(storage);
    const zxid = before.zxid + 1n;
    if (found.zxid === zxid && found.chain === nextChain(before.chain, zxid, 1)) return;
    throw new Error(`Written after the start and lost: ${zxid.toString(16)}`);
  }
}

function describe(step: Step<unknown>): string {
  switch (step.kind) {
    case "create":
    case "create-folder":
    case "remove":
    case "sync-folder":
      return `${step.kind} ${step.path}`;
    case "rename":
      return `rename ${step.from} to ${step.to}`;
    case "write":
      return `write ${step.bytes.length} at ${step.position} of file ${step.id}`;
    case "truncate":
      return `cut file ${step.id} at ${step.bytes}`;
    case "sync":
      return `sync file ${step.id}`;
    case "note":
      return "note";
  }
}
