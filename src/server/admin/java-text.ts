/** Numbers and dates as Java prints them, since tools parse what a Java server prints. */

/** A floating-point number: at most four digits behind the point, and always one. */
export function formatDouble(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${String(rounded)}.0` : String(rounded);
}

/** A number that Java holds as a `double`: as text, `0.0`; in JSON, a plain number. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    return formatDouble(this.value);
  }

  toJSON(): number {
    return Number(formatDouble(this.value));
  }
}

/** As `Sat Nov 21 10:47:16 UTC 2026`; always in UTC. */
export function formatDate(wallMs: number): string {
  // "Sat, 21 Nov 2026 10:47:16 GMT"
  const [weekday = "", day, month, year, time] = new Date(wallMs).toUTCString().split(" ");
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} UTC ${year}`;
}
