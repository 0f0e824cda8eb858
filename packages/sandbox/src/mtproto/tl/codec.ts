import { TlError, TlReader, TlWriter } from "./bytes.ts";
import type { Primitive, TlConstructor, TlObject, TlSchema, TlType, TlValue } from "./schema.ts";

const VECTOR = 0x1cb5c415;
const BOOL_TRUE = 0x997275b5;
const BOOL_FALSE = 0xbc799737;

/**
 * Reads and writes the objects of one layer, led by its schema alone
 * (https://core.telegram.org/mtproto/serialize). Fields a layer does not have are left out,
 * scalars that are not set are zero, so one model serves clients of several layers.
 */
export class TlCodec {
  readonly schema: TlSchema;

  constructor(schema: TlSchema) {
    this.schema = schema;
  }

  /** Reads one boxed object or method call. Throws {@link TlError} for an unknown id. */
  read(reader: TlReader): TlObject {
    const id = reader.uint();
    const line = this.schema.byId.get(id);
    if (!line)
      throw new TlError(
        `unknown constructor ${id.toString(16).padStart(8, "0")} in layer ${this.schema.layer}`,
      );
    return this.#readFields(reader, line);
  }

  decode(bytes: Buffer): TlObject {
    return this.read(new TlReader(bytes));
  }

  /** Bytes of a boxed object. Throws {@link TlError} when the layer has no such constructor. */
  encode(value: TlObject): Buffer {
    const writer = new TlWriter();
    this.#writeBoxed(writer, value);
    return writer.done();
  }

  /** Bytes of a method call, as a client would send it. */
  encodeCall(call: TlObject): Buffer {
    const line = this.schema.methods.get(call._);
    if (!line) throw new TlError(`no method ${call._} in layer ${this.schema.layer}`);
    const writer = new TlWriter().uint(line.id);
    this.#writeFields(writer, line, call);
    return writer.done();
  }

  /** Bytes of any value of type `type`, e.g. a method's result. */
  encodeAs(type: TlType, value: TlValue): Buffer {
    const writer = new TlWriter();
    this.#write(writer, type, value, "result");
    return writer.done();
  }

  #readFields(reader: TlReader, line: TlConstructor): TlObject {
    const object: TlObject = { _: line.name };
    for (const param of line.params) {
      if (param.flag) {
        const present = (Number(object[param.flag.field] ?? 0) >>> param.flag.bit) & 1;
        if (!present) continue;
      }
      object[param.name] = this.#read(reader, param.type);
    }
    return object;
  }

  #read(reader: TlReader, type: TlType): TlValue {
    switch (type.kind) {
      case "primitive":
        return readPrimitive(reader, type.name);
      case "vector": {
        if (type.boxed && reader.uint() !== VECTOR) throw new TlError("a vector was expected");
        const count = reader.uint();
        if (count > reader.left) throw new TlError("a vector is longer than its message");
        return Array.from({ length: count }, () => this.#read(reader, type.of));
      }
      case "bare":
        return this.#readFields(reader, this.#class(type.constructor));
      case "boxed":
        return this.read(reader);
      case "rest":
        return reader.rest();
    }
  }

  #class(name: string): TlConstructor {
    const line = this.schema.classes.get(name);
    if (!line) throw new TlError(`no constructor ${name} in layer ${this.schema.layer}`);
    return line;
  }

  #writeBoxed(writer: TlWriter, value: TlObject): void {
    if (value._ === LATER_LAYER) {
      writer.uint(LATER_ID);
      return;
    }
    const line = this.#class(value._);
    writer.uint(line.id);
    this.#writeFields(writer, line, value);
  }

  #writeFields(writer: TlWriter, line: TlConstructor, value: TlObject): void {
    for (const param of line.params) {
      if (param.type.kind === "primitive" && param.type.name === "#") {
        writer.uint(flagsOf(line, param.name, value));
      } else if (!param.flag || (flagsOf(line, param.flag.field, value) >>> param.flag.bit) & 1) {
        // Several fields may hang on one bit: if one of them is there, all are.
        this.#write(writer, param.type, value[param.name], `${line.name}.${param.name}`);
      }
    }
  }

  #write(writer: TlWriter, type: TlType, value: TlValue, where: string): void {
    switch (type.kind) {
      case "primitive":
        writePrimitive(writer, type.name, value, where);
        return;
      case "vector": {
        if (type.boxed) writer.uint(VECTOR);
        const items = Array.isArray(value) ? value : [];
        writer.uint(items.length);
        for (const item of items) this.#write(writer, type.of, item, where);
        return;
      }
      case "bare":
        this.#writeFields(writer, this.#class(type.constructor), asObject(value, where));
        return;
      case "boxed":
        this.#writeBoxed(writer, asObject(value, where));
        return;
      case "rest":
        writer.raw(value as Uint8Array);
    }
  }
}

/** A value of this name is written as something that no client of today can read. */
export const LATER_LAYER = "of a later layer";
/** Of no constructor in any layer so far. */
const LATER_ID = 0x0badf00d;

function asObject(value: TlValue, where: string): TlObject {
  if (typeof value === "object" && value !== null && "_" in value) return value as TlObject;
  throw new TlError(`${where} needs an object`);
}

function isPresent(value: TlValue, type: TlType): boolean {
  if (value === undefined || value === null) return false;
  return !(type.kind === "primitive" && type.name === "true" && value === false);
}

function flagsOf(line: TlConstructor, field: string, value: TlObject): number {
  let bits = 0;
  for (const { flag, name, type } of line.params) {
    if (flag?.field === field && isPresent(value[name], type)) bits |= 1 << flag.bit;
  }
  return bits >>> 0;
}

function readPrimitive(reader: TlReader, name: Primitive): TlValue {
  switch (name) {
    case "int":
      return reader.int();
    case "#":
      return reader.uint();
    case "long":
      return reader.long();
    case "double":
      return reader.double();
    case "string":
      return reader.bytes().toString("utf8");
    case "bytes":
      return reader.bytes();
    case "int128":
      return Buffer.from(reader.raw(16));
    case "int256":
      return Buffer.from(reader.raw(32));
    case "true":
      return true;
    case "Bool": {
      const id = reader.uint();
      if (id !== BOOL_TRUE && id !== BOOL_FALSE) throw new TlError("a Bool was expected");
      return id === BOOL_TRUE;
    }
  }
}

function writePrimitive(writer: TlWriter, name: Primitive, value: TlValue, where: string): void {
  switch (name) {
    case "int":
      writer.int(Number(value ?? 0));
      return;
    case "long":
      writer.long(BigInt((value ?? 0n) as bigint | number));
      return;
    case "double":
      writer.double(Number(value ?? 0));
      return;
    case "string":
      writer.bytes(Buffer.from(String(value ?? ""), "utf8"));
      return;
    case "bytes":
      writer.bytes((value ?? new Uint8Array()) as Uint8Array);
      return;
    case "int128":
    case "int256":
      writer.raw(fixed(value, name === "int128" ? 16 : 32, where));
      return;
    case "Bool":
      writer.uint(value === true ? BOOL_TRUE : BOOL_FALSE);
      return;
    case "true":
    case "#":
  }
}

function fixed(value: TlValue, length: number, where: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === length) return value;
  throw new TlError(`${where} needs exactly ${length} bytes`);
}
