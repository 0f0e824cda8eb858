import fc from "fast-check";
import { Api } from "telegram";
import { BinaryReader } from "telegram/extensions/index.js";
import { LAYER } from "telegram/tl/AllTLObjects.js";
import { describe, expect, it } from "vitest";
import { TlError } from "../../src/mtproto/tl/bytes.ts";
import { TlCodec } from "../../src/mtproto/tl/codec.ts";
import { GRAMJS_LAYER, gramjsSchema } from "../../src/mtproto/tl/gramjs-schema.ts";
import { Layers } from "../../src/mtproto/tl/layers.ts";
import {
  parseTlText,
  type TlConstructor,
  type TlObject,
  type TlType,
  type TlValue,
} from "../../src/mtproto/tl/schema.ts";

const schema = gramjsSchema();
const codec = new TlCodec(schema);

/** Constructors that GramJS does not make classes for. */
const NOT_IN_GRAMJS = new Set(["boolFalse", "boolTrue", "true", "error", "null"]);

/**
 * Its message classes have a hand on their fields (an id of 0 is an error), so they are compared as
 * live objects.
 */
const CUSTOM = new Set(["message", "messageService", "messageEmpty"]);

/**
 * GramJS cannot read a bit above 30, nor a bare constructor, nor nested vectors; none of it is our
 * business here.
 */
function gramjsCan(line: TlConstructor): boolean {
  const fits = (type: TlType): boolean =>
    type.kind === "primitive" ||
    (type.kind === "vector"
      ? type.boxed && type.of.kind !== "vector" && fits(type.of)
      : type.kind === "boxed");
  return (
    !NOT_IN_GRAMJS.has(line.name) &&
    !CUSTOM.has(line.name) &&
    line.params.every(({ type, flag }) => fits(type) && (flag?.bit ?? 0) < 31)
  );
}

const lines = [...schema.classes.values()].filter(gramjsCan);
const byType = Map.groupBy(lines, (line) => (line.result.kind === "boxed" ? line.result.type : ""));

/**
 * How deep an object of each constructor must nest at least; Infinity when GramJS cannot make one
 * at all.
 */
const heights = new Map<string, number>(lines.map((line) => [line.name, Number.POSITIVE_INFINITY]));

function heightOf(line: TlConstructor): number {
  const needed = line.params
    .filter(({ type, flag }) => type.kind === "boxed" && !flag)
    .map(({ type }) => lowest(type));
  return 1 + Math.max(0, ...needed);
}

function lowest(type: TlType): number {
  if (type.kind !== "boxed") return 0;
  return Math.min(
    Number.POSITIVE_INFINITY,
    ...(byType.get(type.type) ?? []).map((line) => heights.get(line.name) ?? 0),
  );
}

for (let round = 0; round < 12; round++)
  for (const line of lines) heights.set(line.name, heightOf(line));
const makeable = lines.filter((line) => Number.isFinite(heights.get(line.name)));

/**
 * Random values by type; below some depth only what ends soonest. No constructor nests in itself:
 * GramJS cannot read that in a vector, and reads the class wrongly for ever after.
 */
function anyOf(type: TlType, path: ReadonlySet<string>): fc.Arbitrary<TlValue> {
  if (type.kind === "primitive") return primitive(type.name);
  if (type.kind === "vector") {
    const isEmpty =
      path.size > 2 || (type.of.kind === "boxed" && candidatesOf(type.of, path).length === 0);
    return isEmpty ? fc.constant([]) : fc.array(anyOf(type.of, path), { maxLength: 2 });
  }
  const candidates = candidatesOf(type, path);
  return candidates.length === 0
    ? fc.constant(null)
    : fc.constantFrom(...candidates).chain((line) => objectOf(line, path));
}

function candidatesOf(type: TlType, path: ReadonlySet<string>): TlConstructor[] {
  if (type.kind !== "boxed") return [];
  const all = (byType.get(type.type) ?? []).filter(
    (line) => Number.isFinite(heights.get(line.name)) && !path.has(line.name),
  );
  return path.size > 2 ? all.filter((line) => heights.get(line.name) === lowest(type)) : all;
}

function primitive(name: string): fc.Arbitrary<TlValue> {
  const bytes = (length: number): fc.Arbitrary<Buffer> =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((raw) => Buffer.from(raw));
  switch (name) {
    case "int":
      return fc.integer();
    case "long":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "double":
      return fc.double({ noNaN: true });
    case "string":
      return fc.string({ unit: "grapheme", maxLength: 300 });
    case "bytes":
      return fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw));
    case "int128":
      return bytes(16);
    case "int256":
      return bytes(32);
    case "Bool":
      return fc.boolean();
    default:
      return fc.constant(true);
  }
}

function objectOf(line: TlConstructor, path: ReadonlySet<string>): fc.Arbitrary<TlObject> {
  const deeper = new Set([...path, line.name]);
  const fields: Record<string, fc.Arbitrary<TlValue>> = {};
  const flags: Record<string, fc.Arbitrary<boolean>> = {};
  for (const { name, type, flag } of line.params) {
    if (type.kind === "primitive" && type.name === "#") continue;
    if (flag)
      flags[`${flag.field}.${flag.bit}`] = deeper.size > 3 ? fc.constant(false) : fc.boolean();
    fields[name] = anyOf(type, deeper);
  }
  return fc.tuple(fc.record(fields), fc.record(flags)).map(([record, present]) => {
    const values: TlObject = { ...record, _: line.name };
    // Fields that share a bit are there together, and only if GramJS can make them all.
    for (const { name, flag } of line.params)
      if (flag && values[name] === null) present[`${flag.field}.${flag.bit}`] = false;
    for (const { name, flag } of line.params)
      if (flag && !present[`${flag.field}.${flag.bit}`]) values[name] = null;
    return values;
  });
}

describe("the codec, against GramJS as the oracle", () => {
  it("is for the layer that the pinned package has", () => {
    expect(GRAMJS_LAYER).toBe(LAYER);
    expect(makeable.length).toBeGreaterThan(1000);
  });

  it("writes what GramJS reads, and GramJS writes the same bytes again", () => {
    const any = fc.constantFrom(...makeable).chain((line) => objectOf(line, new Set()));
    fc.assert(
      fc.property(any, (value) => {
        const bytes = codec.encode(value);
        const read = new BinaryReader(bytes).tgReadObject() as { getBytes(): Buffer };
        expect(read.getBytes().toString("hex")).toBe(bytes.toString("hex"));
        expect(codec.encode(codec.decode(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 400, endOnFailure: true },
    );
  });

  it("reads live GramJS objects and writes them byte for byte", () => {
    const live = liveObjects();
    for (const object of live) {
      const bytes = object.getBytes();
      expect(codec.encode(codec.decode(bytes)).toString("hex"), object.className).toBe(
        bytes.toString("hex"),
      );
    }
  });

  it("reads live GramJS calls and writes them byte for byte", () => {
    const peer = new Api.InputPeerSelf();
    const calls = [
      new Api.messages.SendMessage({
        peer,
        message: "hé",
        silent: true,
        replyTo: new Api.InputReplyToMessage({ replyToMsgId: 3 }),
      }),
      new Api.messages.GetHistory({ peer, limit: 20 }),
      new Api.updates.GetDifference({ pts: 1, date: 2, qts: 3, ptsTotalLimit: 4 }),
      new Api.auth.SendCode({
        phoneNumber: "1",
        apiId: 2,
        apiHash: "3",
        settings: new Api.CodeSettings({ currentNumber: true }),
      }),
    ];
    for (const call of calls) {
      const fixed = Object.assign(call, {
        offsetId: 0,
        offsetDate: 0,
        addOffset: 0,
        maxId: 0,
        minId: 0,
        hash: 0n,
      });
      const bytes = fixed.getBytes();
      expect(codec.encodeCall(codec.decode(bytes)).toString("hex")).toBe(bytes.toString("hex"));
    }
  });
});

function liveObjects(): { className: string; getBytes(): Buffer }[] {
  const peer = new Api.PeerChannel({ channelId: 77n as never });
  const header = new Api.MessageFwdHeader({ fromId: peer, date: 5, channelPost: 9 });
  const entities = [
    new Api.MessageEntityBold({ offset: 0, length: 2 }),
    new Api.MessageEntityTextUrl({ offset: 1, length: 1, url: "u" }),
  ];
  const message = new Api.Message({
    id: 1,
    peerId: peer,
    date: 2,
    message: "x".repeat(300),
    fwdFrom: header,
    entities,
    out: true,
    post: false,
  });
  const user = new Api.User({
    id: 5n as never,
    accessHash: -5n as never,
    firstName: "A",
    self: true,
    status: new Api.UserStatusOnline({ expires: 1 }),
  });
  return [
    message,
    user,
    new Api.UpdateNewMessage({ message, pts: 3, ptsCount: 1 }),
    new Api.Updates({
      updates: [new Api.UpdateNewChannelMessage({ message, pts: 1, ptsCount: 1 })],
      users: [user],
      chats: [],
      date: 1,
      seq: 0,
    }),
    new Api.auth.SentCode({
      type: new Api.auth.SentCodeTypeApp({ length: 5 }),
      phoneCodeHash: "h",
      timeout: 3,
    }),
  ];
}

describe("the codec", () => {
  it("leaves out what a layer does not have and fills scalars that are not set", () => {
    const old = new TlCodec(
      parseTlText(1, "thing#00000001 flags:# a:flags.0?int b:string c:Vector<long> = Thing;"),
    );
    const bytes = old.encode({ _: "thing", a: 5, unknown: "x" });
    expect(old.decode(bytes)).toEqual({ _: "thing", flags: 1, a: 5, b: "", c: [] });
    expect(() => old.encode({ _: "other" })).toThrow(TlError);
  });

  it("never reads past the end or believes a silly length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...lines), (tail, line) => {
        const head = Buffer.alloc(4);
        head.writeUInt32LE(line.id);
        try {
          codec.decode(Buffer.concat([head, tail]));
        } catch (error) {
          expect(error).toBeInstanceOf(TlError);
        }
      }),
    );
  });

  it("picks the nearest layer", () => {
    const layers = new Layers([parseTlText(198, ""), parseTlText(227, "")]);
    expect([1, 198, 210, 215, 999].map((layer) => layers.codec(layer).schema.layer)).toEqual([
      198, 198, 198, 227, 227,
    ]);
  });
});
