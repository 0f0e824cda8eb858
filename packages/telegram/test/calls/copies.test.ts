import bigInt from "big-integer";
import { Api } from "telegram";
import { expect, test } from "vitest";
import { byReference } from "../../src/calls/copies.ts";

const geo = new Api.GeoPoint({ lat: 52.5, long: 13.4, accessHash: bigInt(1) });
const venue = {
  title: "Kiosk",
  address: "Street 1",
  provider: "foursquare",
  venueId: "v",
  venueType: "shop",
};
const contact = { phoneNumber: "+15550100", firstName: "Ann", lastName: "", vcard: "" };
const poll = new Api.Poll({
  id: bigInt(1),
  question: new Api.TextWithEntities({ text: "?", entities: [] }),
  answers: [],
});

test.each<[string, Api.TypeMessageMedia, Api.TypeInputMedia | null]>([
  [
    "a place",
    new Api.MessageMediaGeo({ geo }),
    new Api.InputMediaGeoPoint({ geoPoint: new Api.InputGeoPoint({ lat: 52.5, long: 13.4 }) }),
  ],
  [
    "a place with a name",
    new Api.MessageMediaVenue({ geo, ...venue }),
    new Api.InputMediaVenue({
      geoPoint: new Api.InputGeoPoint({ lat: 52.5, long: 13.4 }),
      ...venue,
    }),
  ],
  [
    "a contact",
    new Api.MessageMediaContact({ ...contact, userId: bigInt(5) }),
    new Api.InputMediaContact(contact),
  ],
  ["a place that moves", new Api.MessageMediaGeoLive({ geo, period: 900 }), null],
  [
    "a place that Telegram does not tell",
    new Api.MessageMediaGeo({ geo: new Api.GeoPointEmpty() }),
    null,
  ],
  ["a poll", new Api.MessageMediaPoll({ poll, results: new Api.PollResults({}) }), null],
  ["dice", new Api.MessageMediaDice({ value: 3, emoticon: "🎲" }), null],
])("%s, in a new message", (_what, media, sent) => {
  const found = byReference(media);
  expect(found?.getBytes().toString("hex")).toBe(sent?.getBytes().toString("hex"));
});
