/**
 * Fetches jars with Maven: a POM made of what is wanted goes into the folder, the jars of its
 * dependencies into `lib` beside it. Which repository they come from is Maven's own configuration.
 */
import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./run-command.ts";

const TIMEOUT_MS = 300_000;

/** What a POM says of an artifact; the version may come from `managedBy`. */
export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version?: string;
  /** Groups that must not come along. */
  readonly without?: readonly string[];
}

/** What is wanted. */
export interface Jars {
  readonly artifacts: readonly Artifact[];
  /** A POM that says which versions go together. */
  readonly managedBy?: Artifact;
}

/** Fills `<folder>/lib` with the jars that running `jars` needs. */
export async function copyJars(folder: string, jars: Jars): Promise<void> {
  await writeFile(path.join(folder, "pom.xml"), pomOf(jars));
  await runCommand(
    "mvn",
    [
      "--batch-mode",
      "--quiet",
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      // A half-filled folder must never carry the final name, so Maven fills one of its own.
      "-DoutputDirectory=lib.new",
    ],
    { cwd: folder, timeoutMs: TIMEOUT_MS },
  );
  await rename(path.join(folder, "lib.new"), path.join(folder, "lib"));
}

function pomOf({ artifacts, managedBy }: Jars): string {
  const management =
    managedBy === undefined
      ? ""
      : `<dependencyManagement><dependencies>
${dependencyOf(managedBy, "<type>pom</type><scope>import</scope>")}
</dependencies></dependencyManagement>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>ensemble</groupId><artifactId>jars</artifactId><version>1</version>
<packaging>pom</packaging>
${management}
<dependencies>
${artifacts.map((artifact) => dependencyOf(artifact)).join("\n")}
</dependencies>
</project>
`;
}

function dependencyOf({ group, name, version, without = [] }: Artifact, more = ""): string {
  const exclusions = without.map(
    (excluded) => `<exclusion><groupId>${excluded}</groupId><artifactId>*</artifactId></exclusion>`,
  );
  return [
    `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId>`,
    version === undefined ? "" : `<version>${version}</version>`,
    exclusions.length === 0 ? "" : `<exclusions>${exclusions.join("")}</exclusions>`,
    `${more}</dependency>`,
  ].join("");
}
