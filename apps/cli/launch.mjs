#!/usr/bin/env node
// Runs on Node 18 and newer before npm ci: plain JavaScript, built-in modules only. See
// CONTRIBUTING.md.
import { main } from "./launch/main.mjs";

process.exitCode = await main(process.argv.slice(2), process.env);
