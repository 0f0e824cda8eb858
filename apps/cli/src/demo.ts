import type { Config } from "@flotilla/config";
import type { SandboxPlace } from "./sandbox-service.ts";

/** Prepares the demo: placeholder until the sandbox's control API is there. */
export async function startDemo(_sandbox: SandboxPlace, _config: Config): Promise<void> {}
