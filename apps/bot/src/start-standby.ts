import { createRegistry, startHealth } from "@flotilla/observability";
import type { RunningBot } from "./compose.ts";
import { standbyText } from "./duty/duty.ts";
import { Lives } from "./lives.ts";
import type { RescueBase } from "./start-rescue.ts";

/**
 * Runs as a standby: it polls nothing, sends nothing and answers nothing. When it is the active bot,
 * `start` makes the bot in this process, with the same health page.
 */
export async function startStandby(
  base: RescueBase,
  start: (base: RescueBase) => Promise<RunningBot>,
): Promise<RunningBot> {
  const { config, way, duty } = base;
  await using stack = new AsyncDisposableStack();
  const health = await startHealth({
    port: config.httpPort,
    registry: createRegistry(),
    problems: () => [],
    state: () => standbyText(duty.state),
  });
  stack.adopt(health, (it) => it.close());
  const life = new Lives(stack.move());
  const introduced = Promise.withResolvers<string>();
  const ended = duty.granted.then(() =>
    life.follow(async () => {
      const bot = await start({ ...base, config: { ...config, httpPort: health.port } });
      bot.introduced.then(introduced.resolve, () => {});
      return bot;
    }),
  );
  return {
    healthPort: health.port,
    standby: standbyText(duty.state),
    username: null,
    introduced: introduced.promise,
    way: way.shown,
    ended,
    hear: (message) => life.hear(message),
    close: () => life.close(),
  };
}
