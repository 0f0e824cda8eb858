import { z } from "zod";
import { FILE_KINDS } from "../world/new-media.ts";

/** How a phone may be written. */
export const phone = z
  .string()
  .regex(/^\+?[0-9]{7,15}$/, "a phone has 7 to 15 digits, a + in front is optional");

const side = z.int().min(1).max(10_000).exactOptional();

/** A file of a post. */
export const file = z.strictObject({
  name: z.string().min(1).max(200),
  mime: z.string().min(3).max(100),
  base64: z.base64().min(1),
  kind: z.enum(FILE_KINDS).exactOptional(),
  durationS: z.number().min(0).max(86_400).exactOptional(),
  width: side,
  height: side,
  title: z.string().max(200).exactOptional(),
  performer: z.string().max(200).exactOptional(),
  dc: z.int().min(1).max(5).exactOptional(),
});

const content = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("poll"),
    question: z.string().min(1).max(300),
    options: z.array(z.string().min(1).max(100)).min(2).max(10),
  }),
  z.strictObject({
    kind: z.literal("place"),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    title: z.string().min(1).max(200).exactOptional(),
    address: z.string().max(200).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("contact"),
    phone,
    firstName: z.string().min(1).max(64),
    lastName: z.string().max(64).exactOptional(),
  }),
]);

const where = {
  replyTo: z.int().positive().exactOptional(),
  from: phone.exactOptional(),
  topic: z.int().positive().exactOptional(),
  noforwards: z.boolean().exactOptional(),
};

/** A post of a channel or supergroup. */
export const newPost = z
  .strictObject({
    text: z.string().max(4096).default(""),
    file: file.exactOptional(),
    content: content.exactOptional(),
    ...where,
    groupedId: z
      .string()
      .regex(/^[0-9]{1,18}$/)
      .exactOptional(),
  })
  .refine(
    ({ text, file: brought, content: shown }) =>
      text !== "" || brought !== undefined || shown !== undefined,
    {
      message: "a post has a text, a file or a content",
    },
  )
  .refine(({ file: brought, content: shown }) => brought === undefined || shown === undefined, {
    message: "a post has a file or a content, not both",
  });

/** Photos or files that are posted as one album; the text stands below the first. */
export const newAlbum = z.strictObject({
  text: z.string().max(1024).default(""),
  files: z.array(file).min(2).max(10),
  ...where,
});
