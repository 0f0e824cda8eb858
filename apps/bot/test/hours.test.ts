import { expect, test } from "vitest";
import { hoursFromText } from "../src/kit/words/hours.ts";

test.each([
  ["22:00-07:00", 1320, 420],
  ["22-7", 1320, 420],
  ["22.00–07.30", 1320, 450],
  ["2200 - 0700", 1320, 420],
  ["10pm-7am", 1320, 420],
  ["10:30 p.m. to 7 a.m.", 1350, 420],
  ["12am-12pm", 0, 720],
  ["22:00 - 24:00", 1320, 0],
  ["с 22 до 7", 1320, 420],
  ["from 22:00 to 07:00", 1320, 420],
  ["\u202a２２:00\u201407:00\u202c", 1320, 420],
])("%s", (text, fromMin, toMin) => {
  expect(hoursFromText(text)).toEqual({ fromMin, toMin });
});

test.each([
  "",
  "22",
  "22:00",
  "25-7",
  "22:60-7",
  "22-7-9",
  "22:00-22:00",
  "13pm-1am",
  "24:30-1",
  "maybe 22 or 7",
  "22 7",
])("%j is none", (text) => {
  expect(hoursFromText(text)).toBeNull();
});
