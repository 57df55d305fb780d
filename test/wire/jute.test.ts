import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JuteReader, JuteWriter, WireError } from "../../src/wire/index.ts";

/** A field that a writer can write and a reader can read back. */
type Field =
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "byte" | "int" | "number"; readonly value: number }
  | { readonly kind: "long"; readonly value: bigint }
  | { readonly kind: "string"; readonly value: string | null }
  | { readonly kind: "buffer"; readonly value: Uint8Array | null };

const int32 = fc.integer();
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant("bool" as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant("byte" as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ kind: fc.constant("int" as const), value: int32 }),
  fc.record({ kind: fc.constant("number" as const), value: fc.maxSafeInteger() }),
  fc.record({
    kind: fc.constant("long" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({
    kind: fc.constant("string" as const),
    value: fc.option(
      fc.array(fc.constantFrom("a", "é", "日", "😀")).map((units) => units.join("")),
    ),
  }),
  fc.record({
    kind: fc.constant("buffer" as const),
    value: fc.option(fc.uint8Array({ maxLength: 600 })),
  }),
);

function write(writer: JuteWriter, { kind, value }: Field): void {
  if (kind === "bool") writer.writeBool(value);
  else if (kind === "long") writer.writeLong(value);
  else if (kind === "string") writer.writeString(value);
  else if (kind === "buffer") writer.writeBuffer(value === null ? null : Buffer.from(value));
  else if (kind === "byte") writer.writeByte(value);
  else if (kind === "int") writer.writeInt(value);
  else writer.writeLongNumber(value);
}

function read(reader: JuteReader, kind: Field["kind"]): unknown {
  if (kind === "bool") return reader.readBool();
  if (kind === "byte") return reader.readByte();
  if (kind === "int") return reader.readInt();
  if (kind === "number") return reader.readLongNumber();
  if (kind === "long") return reader.readLong();
  if (kind === "string") return reader.readString();
  const buffer = reader.readBuffer();
  return buffer === null ? null : new Uint8Array(buffer);
}

function hex(write_: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter();
  write_(writer);
  return writer.takeCopy().toString("hex");
}

describe("JuteWriter", () => {
  it("encodes fields as ZooKeeper does", () => {
    expect(hex((w) => w.writeBool(true))).toBe("01");
    expect(hex((w) => w.writeInt(-2))).toBe("fffffffe");
    expect(hex((w) => w.writeLong(0x0102030405060708n))).toBe("0102030405060708");
    expect(hex((w) => w.writeLongNumber(-1))).toBe("ffffffffffffffff");
    expect(hex((w) => w.writeString("é"))).toBe("00000002c3a9");
    expect(hex((w) => w.writeString(null))).toBe("ffffffff");
    expect(hex((w) => w.writeBuffer(Buffer.from([7])))).toBe("0000000107");
    expect(hex((w) => w.writeBuffer(null))).toBe("ffffffff");
    expect(hex((w) => w.writeLatin1Buffer("\x00\xff"))).toBe("0000000200ff");
    expect(hex((w) => w.writeVector([1, 2], (value) => w.writeInt(value)))).toBe(
      "000000020000000100000002",
    );
    expect(hex((w) => w.writeVector<number>(null, (value) => w.writeInt(value)))).toBe("ffffffff");
  });

  it("writes the end of a string as the string that it is, short or long, ASCII or not", () => {
    const ends = ["", "name", "é", "naïve", "日本", "n".repeat(32), "n".repeat(33)];
    for (const end of ends) {
      const expected = hex((w) => w.writeString(end));
      expect(hex((w) => w.writeStringFrom(`/é/${end}`, 3))).toBe(expected);
    }
  });

  it("copies a 64-bit integer from elsewhere", () => {
    const source = new DataView(new ArrayBuffer(12));
    source.setBigInt64(4, -(2n ** 62n) - 1n);
    expect(hex((w) => w.writeLongOf(source, 4))).toBe(hex((w) => w.writeLong(-(2n ** 62n) - 1n)));
  });

  it("hands over what was written and goes on", () => {
    const writer = new JuteWriter(1024);
    writer.writeInt(1);
    const first = writer.take();
    writer.writeLong(2n);
    const second = writer.take();
    writer.writeString("x".repeat(40_000));
    expect(first.toString("hex")).toBe("00000001");
    expect(second.toString("hex")).toBe("0000000000000002");
    expect(writer.length).toBe(40_004);
    expect(writer.peek().readInt32BE(0)).toBe(40_000);
    expect(writer.takeCopy()).toHaveLength(40_004);
    expect(writer.length).toBe(0);
  });

  it("fills reserved fields and drops what is taken back", () => {
    const writer = new JuteWriter();
    const length = writer.reserveInt();
    writer.writeLong(0n);
    writer.patchLong(4, -1n);
    const mark = writer.length;
    writer.writeInt(5);
    writer.rewind(mark);
    writer.patchLength(length);
    expect(writer.takeCopy().toString("hex")).toBe("00000008ffffffffffffffff");
    const other = writer.reserveInt();
    writer.patchInt(other, -7);
    expect(writer.takeCopy().readInt32BE(0)).toBe(-7);
  });
});

describe("JuteReader", () => {
  it("reads back what was written", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const writer = new JuteWriter(16);
        for (const each of fields) write(writer, each);
        const reader = new JuteReader(writer.takeCopy());
        for (const { kind, value } of fields) expect(read(reader, kind)).toEqual(value);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it("throws WireError where the bytes end too early", () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), fc.nat(), (fields, cut) => {
        const writer = new JuteWriter();
        for (const each of fields) write(writer, each);
        const bytes = writer.takeCopy();
        const reader = new JuteReader(bytes, 0, cut % bytes.length);
        expect(() => fields.map(({ kind }) => read(reader, kind))).toThrow(WireError);
      }),
    );
  });

  it("never reads past its range, though the buffer goes on", () => {
    const buffer = Buffer.from("0000000461626364", "hex");
    const reader = new JuteReader(buffer, 0, 6);
    expect(() => reader.readString()).toThrow(WireError);
    reader.reset(buffer, 4, 8);
    expect(reader.readRest().toString()).toBe("abcd");
    expect(reader.offset).toBe(8);
  });

  it("follows reset() to another buffer for every type", () => {
    const reader = new JuteReader();
    for (const value of [1n, -5n, 2n ** 62n]) {
      const buffer = Buffer.alloc(9);
      buffer.writeBigInt64BE(value, 1);
      expect(reader.reset(buffer, 1, 9).readLong()).toBe(value);
    }
  });

  it.each([
    ["a negative string length", "fffffffe", (r: JuteReader) => r.readString()],
    ["a string longer than the rest", "7fffffff61", (r: JuteReader) => r.readString()],
    ["a negative buffer length", "80000000", (r: JuteReader) => r.readBuffer()],
    ["a negative count", "fffffffe", (r: JuteReader) => r.readVector((e) => e.readInt(), 4)],
    ["a count that cannot fit", "7fffffff", (r: JuteReader) => r.readVector((e) => e.readInt(), 4)],
    ["null for a required string", "ffffffff", (r: JuteReader) => r.readRequiredString("name")],
  ])("refuses %s", (_, bytes, decode) => {
    expect(() => decode(new JuteReader(Buffer.from(bytes, "hex")))).toThrow(WireError);
  });

  it("reads null vectors as null and others element by element", () => {
    expect(
      new JuteReader(Buffer.from("ffffffff", "hex")).readVector((r) => r.readInt()),
    ).toBeNull();
    const reader = new JuteReader(Buffer.from("00000002fffffffe00000003", "hex"));
    expect(reader.readVector((r) => r.readInt(), 4)).toEqual([-2, 3]);
  });
});
