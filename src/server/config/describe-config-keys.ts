/**
 * The documentation of the configuration file, as Markdown: the table of keys put into words. The
 * same table drives the parser, so that the page cannot say anything else than the server does.
 */
import { CONFIG_SECTIONS } from "./config-keys.ts";
import type { ConfigKey } from "./config-key.ts";

/** The page, without a heading of its own. */
export function describeConfigKeys(): string {
  return CONFIG_SECTIONS.map(({ title, keys }) =>
    [
      `## ${title}`,
      "",
      "| Key | Value | Default | Meaning |",
      "| --- | --- | --- | --- |",
      ...keys.map(row),
      "",
    ].join("\n"),
  ).join("\n");
}

function row(key: ConfigKey): string {
  const names = [key.name, ...(key.aliases ?? [])].map((name) => `\`${name}\``).join(", ");
  const preset = key.default === null || key.default === "" ? "" : `\`${key.default}\``;
  return `| ${names} | ${valueOf(key)} | ${preset} | ${meaningOf(key)} |`.replaceAll("|  |", "| |");
}

function valueOf({ kind, unit, min, max, support }: ConfigKey): string {
  if (support !== undefined && support !== "used") return "";
  if (kind === "boolean") return "true or false";
  if (kind === "text") return "text";
  const range = max === undefined ? rangeFrom(min) : ` ${String(min)} to ${String(max)}`;
  return `${unit ?? "number"}${range}`;
}

function rangeFrom(min: number | undefined): string {
  return min === undefined ? "" : `, ${String(min)} or more`;
}

function meaningOf({ doc, live, support, reason, harmless }: ConfigKey): string {
  const text = `${doc.replaceAll("|", "\\|")}${live === undefined ? "" : " **Live.**"}`;
  if (support === "noEffect") return `${text} **No effect:** ${reason ?? ""}.`;
  if (support !== "refused") return text;
  const accepted = (harmless ?? []).filter((value) => value !== "");
  const except = accepted.length === 0 ? "" : ` (accepted: ${accepted.join(", ")})`;
  return `${text} **Refused:** ${reason ?? ""}${except}.`;
}
