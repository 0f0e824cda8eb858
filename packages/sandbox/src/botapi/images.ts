/** Width, height and mime of an image, or null when the bytes are no PNG, JPEG, GIF or WebP. */
export interface ImageInfo {
  width: number;
  height: number;
  mime: "image/png" | "image/jpeg" | "image/gif" | "image/webp";
}

/** Reads an image's size from its header, without decoding it. */
export function imageInfo(bytes: Uint8Array): ImageInfo | null {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length < 30) return null;
  if (data.readUInt32BE(0) === 0x89504e47)
    return { width: data.readUInt32BE(16), height: data.readUInt32BE(20), mime: "image/png" };
  if (data.toString("latin1", 0, 4) === "GIF8")
    return { width: data.readUInt16LE(6), height: data.readUInt16LE(8), mime: "image/gif" };
  if (data.toString("latin1", 0, 4) === "RIFF" && data.toString("latin1", 8, 12) === "WEBP")
    return webpInfo(data);
  if (data.readUInt16BE(0) === 0xffd8) return jpegInfo(data);
  return null;
}

function webpInfo(data: Buffer): ImageInfo | null {
  const mime = "image/webp";
  const form = data.toString("latin1", 12, 16);
  if (form === "VP8X")
    return { width: data.readUIntLE(24, 3) + 1, height: data.readUIntLE(27, 3) + 1, mime };
  if (form === "VP8 ")
    return { width: data.readUInt16LE(26) & 0x3fff, height: data.readUInt16LE(28) & 0x3fff, mime };
  if (form !== "VP8L") return null;
  const bits = data.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1, mime };
}

/** Walks the segments to the first start-of-frame marker (C0–CF without C4, C8, CC). */
function jpegInfo(data: Buffer): ImageInfo | null {
  let at = 2;
  while (at + 9 < data.length && data[at] === 0xff) {
    const marker = data[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame)
      return {
        width: data.readUInt16BE(at + 7),
        height: data.readUInt16BE(at + 5),
        mime: "image/jpeg",
      };
    at += 2 + data.readUInt16BE(at + 2);
  }
  return null;
}
