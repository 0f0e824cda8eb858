import { expect, test } from "vitest";
import { readingWait, sendingWait } from "../src/account/stream-numbers.ts";

const wait = (method: string, peer = "") => ({ method, peer, until: 5 });

// Field fault B12: a wait for files counts like a wait for texts.
test.each([
  ["messages.sendMessage", true],
  ["messages.forwardMessages", true],
  ["messages.sendMedia", true],
  ["messages.sendMultiMedia", true],
  ["messages.uploadMedia", true],
  ["messages.editMessage", true],
  ["upload.saveFilePart", true],
  ["upload.saveBigFilePart", true],
  ["messages.getHistory", false],
  ["updates.getDifference", false],
  ["upload.getFile", false],
])("a wait for %s blocks sending: %j", (method, isSending) => {
  expect(sendingWait([wait(method)])).toBe(isSending ? 5 : null);
});

test("a wait for a single chat blocks nothing else", () => {
  expect([
    sendingWait([wait("messages.sendMedia", "-1001")]),
    readingWait([wait("messages.getHistory", "-1001")]),
  ]).toEqual([null, null]);
});
