/**
 * The string methods of Buffer that take no encoding argument.
 *
 * Node has had them on every Buffer since its first releases, and `toString` and `write` end in
 * them; `@types/node` leaves them out. Called directly they save the encoding's look-up, which
 * counts where every request has a path. Both compilations include this file. Offsets and lengths
 * are bytes; `latin1` is right only for text known to be ASCII.
 */

interface Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length?: number): number;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length?: number): number;
}
