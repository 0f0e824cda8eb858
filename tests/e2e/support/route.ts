import { Route } from "@flotilla/contracts";
import { askBot } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import type { Hosts } from "./hosts.ts";

/** A route of demo_1 from one channel into another, and what arrived there. */
export async function relayOf({ fleet }: Pick<Hosts, "fleet">, phone: string) {
  const channel = async (username: string): Promise<string> => {
    const made = { title: username, username, members: [phone], bot: true };
    return (await fleet.post<{ id: string }>("channels", made)).id;
  };
  const [source, target] = [await channel("source_1"), await channel("copies_1")];
  const route = Route.parse({
    ...{ id: "copy", action: { kind: "copy" }, alert: "off" },
    from: { worker: "demo_1", chats: ["@source_1"] },
    to: { kind: "worker", worker: "demo_1", chat: "@copies_1" },
  });
  const place = await fleet.place();
  const file = { version: 1 as const, routes: [route] };
  await waitFor(
    async () =>
      (await askBot(place, { v: 1, kind: "routes.apply", file }, 10_000)).kind === "applied",
    { what: "the route to be taken" },
  );
  const post = (text: string): Promise<unknown> =>
    fleet.post(`channels/${source}/messages`, { text });
  const arrived = async (): Promise<string[]> =>
    (await fleet.get<{ text: string }[]>(`accounts/${phone}/history?chat=${target}`)).map(
      ({ text }) => text,
    );
  const knocked = async (): Promise<boolean> => {
    await post("knock");
    return (await arrived()).length > 0;
  };
  await waitFor(knocked, { timeoutMs: 60_000, intervalMs: 500, what: "the route to work" });
  return { post, arrived };
}

/** Posts without an end until it is stopped; resolves with what it posted. */
export function posting(post: (text: string) => Promise<unknown>, everyMs = 100) {
  const sent: string[] = [];
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const text = `n${sent.length + 1}.`;
      await post(text);
      sent.push(text);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return sent;
  })();
  return {
    stop: async (): Promise<string[]> => {
      isOver = true;
      return await running;
    },
  };
}
